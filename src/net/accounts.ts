// Finds the numbers of users and groups. Node can tell those of this process only; the system's files tell the others, but not
// what comes over the network, such as LDAP.
import fs from 'node:fs';

/** @throws there is no such user in /etc/passwd: passwd(5) */
export function uidOf(owner: number | string, passwd = '/etc/passwd'): number {
  return numberOf(owner, passwd, 'user');
}

/** @throws there is no such group in /etc/group: group(5) */
export function gidOf(group: number | string, groups = '/etc/group'): number {
  return numberOf(group, groups, 'group');
}

/** Both files have a line for each: the name, a password, the number, and more. */
function numberOf(account: number | string, file: string, what: string): number {
  if (typeof account === 'number') return account;
  const lines = fs.readFileSync(file, 'utf8').split('\n');
  const number = lines.map((line) => line.split(':')).find(([name]) => name === account)?.[2];
  if (number === undefined) throw new Error(`there is no ${what} '${account}' in ${file}; pass its number`);
  return Number(number);
}
