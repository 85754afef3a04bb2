// Reads the interfaces of a TypeScript source, with the TSDoc of their properties. The parser is Prettier's.
import { parsers } from 'prettier/plugins/typescript';

export interface Interface {
  readonly bases: readonly string[];
  readonly properties: readonly Property[];
}

export interface Property {
  readonly name: string;
  /** The types that it names. */
  readonly types: readonly string[];
  /** The first paragraph of its TSDoc, on one line. */
  readonly summary: string;
  /** The text of @default. */
  readonly fallback: string | null;
}

export async function readInterfaces(source: string): Promise<ReadonlyMap<string, Interface>> {
  // The plugin's interface asks for all options of a formatting; this parser reads none of them.
  const parse = parsers.typescript.parse as (source: string, options: object) => Program | Promise<Program>;
  const { body, comments } = await parse(source, {});
  const declarations = body.map((statement) => statement.declaration ?? statement).filter(isInterface);
  return new Map(
    declarations.map(({ id, extends: bases = [], body: { body: members } }) => [
      id.name,
      {
        bases: bases.map(({ expression }) => expression.name),
        properties: members.filter(isProperty).map((member) => ({
          name: member.key.name,
          types: typesIn(member.typeAnnotation),
          ...readTsdoc(commentBefore(member, source, comments)),
        })),
      },
    ]),
  );
}

/** What is read here of the syntax tree: https://typescript-eslint.io/packages/typescript-estree/ast-spec */
interface Program {
  readonly body: readonly Statement[];
  readonly comments: readonly Comment[];
}

interface Syntax {
  readonly type: string;
  readonly range: readonly [number, number];
}

interface Statement extends Syntax {
  /** What is exported. */
  readonly declaration?: Syntax | null;
}

interface Comment extends Syntax {
  readonly value: string;
}

interface InterfaceSyntax extends Syntax {
  readonly id: { readonly name: string };
  readonly extends?: readonly { readonly expression: { readonly name: string } }[];
  readonly body: { readonly body: readonly Syntax[] };
}

interface PropertySyntax extends Syntax {
  readonly key: { readonly name: string };
  readonly typeAnnotation: unknown;
}

function isInterface(syntax: Syntax): syntax is InterfaceSyntax {
  return syntax.type === 'TSInterfaceDeclaration';
}

function isProperty(syntax: Syntax): syntax is PropertySyntax {
  return syntax.type === 'TSPropertySignature';
}

/** In a union, too: `WatchdogOptions | false`. */
function typesIn(syntax: unknown): readonly string[] {
  if (typeof syntax !== 'object' || syntax === null) return [];
  if ('typeName' in syntax) return [(syntax.typeName as { readonly name: string }).name];
  return Object.values(syntax).flatMap(typesIn);
}

function commentBefore({ range }: Syntax, source: string, comments: readonly Comment[]): string {
  const comment = comments.find(
    ({ value, range: [, end] }) =>
      value.startsWith('*') && end <= range[0] && source.slice(end, range[0]).trim() === '',
  );
  return comment?.value ?? '';
}

function readTsdoc(comment: string): Pick<Property, 'summary' | 'fallback'> {
  const text = comment.replaceAll(/^[ \t]*\* ?/gm, '').trim();
  const [prose = '', ...tags] = `\n${text}`.split(/\n(?=@\w)/);
  const [summary = ''] = prose.trim().split(/\n\s*\n/);
  const fallback = tags.find((tag) => tag.startsWith('@default '))?.slice('@default '.length);
  return { summary: onOneLine(summary), fallback: fallback === undefined ? null : onOneLine(fallback) };
}

function onOneLine(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ');
}
