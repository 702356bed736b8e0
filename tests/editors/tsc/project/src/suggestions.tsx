// What is only suggested: with `--unsafe-fixes` the files must still parse, whatever the compiler says of their types.
declare global {
  namespace JSX {
    interface IntrinsicElements { [name: string]: unknown }
    interface Element { readonly tag: string }
  }
}
interface Order { id: number; total: number; state: string }
declare const db: { find(id: number): Promise<Order>; save(o: Order): Promise<void> };
declare function log(...all: unknown[]): void;

export async function both(a: number, b: number): Promise<Order[]> {
  return Promise.all([await db.find(a), await db.find(b)]);
}

export async function drop(o: Order): Promise<void> {
  db.save(o);
  log('saved');
}

export async function guarded(id: number): Promise<Order | null> {
  try {
    return db.find(id);
  } catch (error) {
    log(error);
    return null;
  }
}

export function compare(a: unknown, n: number, text: string): boolean {
  if (a == '0') return true;
  if (n < 0) return false;
  if (text.indexOf('x')) log('index');
  return !(text.length >= 0);
}

export const totals = (orders: Order[]): number[] => orders.map((o) => o.total).sort();

export const copy = (o: Order): Order => JSON.parse(JSON.stringify(o));

export const oldest = (orders: Order[]): Order | undefined => orders.filter((o) => o.total > 1)[0];

export function page(orders: Order[]): JSX.Element {
  return <ul>{orders.length && orders.map((o) => <li key={o.id}>{`${o.state}`}</li>)}</ul>;
}
