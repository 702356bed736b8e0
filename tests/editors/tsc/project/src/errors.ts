// `useless-catch`: what goes with the handler, and what must stay.
declare function open(path: string): { read(): string; close(): void };
declare function load(path: string): Promise<string>;

export function plain(path: string): string {
  try {
    const file = open(path);
    return file.read();
  } catch (error) {
    throw error;
  }
}

export async function waited(path: string): Promise<string> {
  try {
    return await load(path);
  } catch (e) {
    throw e;
  } finally {
    open(path).close();
  }
}

export function names(path: string): string {
  const file = 'outer';
  try {
    const file = open(path).read();
    if (file) return file;
  } catch (error) {
    throw error;
  }
  return file;
}

export function one(path: string): void {
  if (path) try { open(path).close(); } catch (error) { throw error; }
  else open('default').close();
}

export function inner(path: string): string {
  try {
    try {
      return open(path).read();
    } catch (error) {
      throw error;
    }
  } catch (error) {
    return String(error);
  }
}
