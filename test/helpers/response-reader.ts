// Reads one HTTP/1.1 response, in whatever pieces it comes, and says what is wrong with it.

export class ResponseReader {
  status = 0;
  headers: ReadonlyMap<string, string> = new Map();
  began = false;
  complete = false;
  keepAlive = false;
  /** The body has no announced end: it is whole once the server closes the connection. */
  endsWithConnection = false;
  fault: string | undefined;
  readonly #method: string;
  readonly #keepBody: boolean;
  readonly #body: Buffer[] = [];
  #stage: 'head' | 'body' | 'chunk size' | 'chunk' | 'chunk end' | 'trailers' = 'head';
  #remaining = 0;
  #partial: Buffer | undefined;

  constructor(method: string, keepBody: boolean) {
    this.#method = method;
    this.#keepBody = keepBody;
  }

  body(): Buffer {
    return this.#body.length === 1 && this.#body[0] !== undefined ? this.#body[0] : Buffer.concat(this.#body);
  }

  /** Returns the bytes beyond the end of the response. */
  read(bytes: Buffer): Buffer {
    this.began = true;
    let rest = this.#partial === undefined ? bytes : Buffer.concat([this.#partial, bytes]);
    this.#partial = undefined;
    while (rest.length > 0 && !this.complete && this.fault === undefined) {
      const used = this.#step(rest);
      if (used === 0) {
        this.#partial = Buffer.from(rest);
        return rest.subarray(rest.length);
      }
      rest = rest.subarray(used);
    }
    return rest;
  }

  /** Returns how many bytes were used; none if more are needed. */
  #step(bytes: Buffer): number {
    switch (this.#stage) {
      case 'head': {
        const end = bytes.indexOf('\r\n\r\n');
        if (end >= 0) this.#readHead(bytes.toString('latin1', 0, end));
        return end >= 0 ? end + 4 : 0;
      }
      case 'body': {
        const used = this.#readBody(bytes);
        if (this.#remaining === 0) this.complete = true;
        return used;
      }
      case 'chunk size': {
        const end = bytes.indexOf('\r\n');
        if (end < 0) return 0;
        const size = /^[\da-f]+(?=$|[ \t;])/i.exec(bytes.toString('latin1', 0, end))?.[0];
        if (size === undefined) this.fault = 'chunk without a size';
        this.#remaining = Number.parseInt(size ?? '0', 16);
        this.#stage = this.#remaining > 0 ? 'chunk' : 'trailers';
        return end + 2;
      }
      case 'chunk': {
        const used = this.#readBody(bytes);
        if (this.#remaining === 0) this.#stage = 'chunk end';
        return used;
      }
      case 'chunk end': {
        if (bytes.length < 2) return 0;
        if (bytes.toString('latin1', 0, 2) !== '\r\n') this.fault = 'chunk longer than its size';
        this.#stage = 'chunk size';
        return 2;
      }
      case 'trailers': {
        const end = bytes.indexOf('\r\n');
        if (end === 0) this.complete = true;
        return end < 0 ? 0 : end + 2;
      }
    }
  }

  #readBody(bytes: Buffer): number {
    const part = bytes.length > this.#remaining ? bytes.subarray(0, this.#remaining) : bytes;
    if (this.#keepBody) this.#body.push(Buffer.from(part));
    this.#remaining -= part.length;
    return part.length;
  }

  #readHead(head: string): void {
    const [statusLine = '', ...lines] = head.split('\r\n');
    const [, minor, status] = /^HTTP\/1\.([01]) (\d{3})(?: |$)/.exec(statusLine) ?? [];
    if (status === undefined) {
      this.fault = 'not an HTTP/1.x status line';
      return;
    }
    this.status = Number(status);
    // An interim response, such as 100 Continue: the final one follows.
    if (this.status < 200 && this.status !== 101) return;

    const headers = new Map<string, string>();
    for (const line of lines) {
      const colon = line.indexOf(':');
      if (colon < 1) this.fault = 'header without a name';
      const name = line.slice(0, colon).toLowerCase();
      const value = line.slice(colon + 1).trim();
      const earlier = headers.get(name);
      headers.set(name, earlier === undefined ? value : `${earlier}, ${value}`);
    }
    this.headers = headers;
    const connection =
      headers
        .get('connection')
        ?.toLowerCase()
        .split(/\s*,\s*/) ?? [];
    this.keepAlive = minor === '1' ? !connection.includes('close') : connection.includes('keep-alive');
    this.#expectBody();
  }

  #expectBody(): void {
    const length = this.headers.get('content-length');
    if (this.#method === 'HEAD' || this.status === 204 || this.status === 304) {
      this.complete = true;
    } else if (this.status === 101) {
      this.keepAlive = false;
      this.complete = true;
    } else if (this.headers.get('transfer-encoding')?.toLowerCase().endsWith('chunked') === true) {
      this.#stage = 'chunk size';
    } else if (length === undefined) {
      this.keepAlive = false;
      this.endsWithConnection = true;
      this.#remaining = Infinity;
      this.#stage = 'body';
    } else if (/^\d+$/.test(length)) {
      this.#remaining = Number(length);
      this.complete = this.#remaining === 0;
      this.#stage = 'body';
    } else {
      this.fault = `content-length ${length}`;
    }
  }
}
