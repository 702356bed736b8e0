// Lists: what `map-then-flat` and `filter-then-first` mend, in the forms that types make delicate.
interface Line {
  sku: string;
  qty: number;
  parts?: readonly string[];
}
interface Order {
  id: number;
  lines: Line[];
  note: string | null;
}

export const allLines = (orders: Order[]): Line[] => orders.map((o) => o.lines).flat();

export function parts(orders: readonly Order[]): (string | undefined)[] {
  return orders
    .map((order) => {
      // Every line may have parts.
      return order.lines.map((line) => line.parts?.[0]);
    })
    .flat();
}

export const optional = (orders?: Order[]): Line[] => orders?.map((o) => o.lines).flat() ?? [];

export function pairs<K extends string, V>(table: Record<K, V[]>): V[] {
  return (Object.keys(table) as K[]).map((key) => table[key]).flat();
}

export const twice = (orders: Order[]): string[] =>
  orders.map((o) => o.lines.map((line) => [line.sku, `${line.qty}`]).flat()).flat();

export function first(orders: Order[], id: number): Order | undefined {
  return orders.filter((o) => o.id === id)[0];
}

export const firstNote = (orders: Order[]): string => orders.filter((o) => o.note !== null)[0]?.note ?? '';

export function hasNote(orders: Order[]): boolean {
  return orders.filter((o) => o.note !== null).length > 0;
}

export const isEmpty = (orders: Order[], id: number): boolean => orders.filter((o) => o.id === id).length === 0;

export function narrowed(values: (string | number)[]): string | undefined {
  return values.filter((v): v is string => typeof v === 'string')[0];
}

export const sku = (order: Order): string | undefined => order.lines.filter((l) => l.qty > 1).at(0)?.sku;
