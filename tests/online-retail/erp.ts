import type { Database } from '../../src/postgres/database.ts'
import type { RetailLine } from './source.ts'

/** The wholesaler's own database, as an ERP that Comptoir has never heard of: plain tables with keys. */
export async function createRetailErp(database: Database): Promise<void> {
  await database.pool.query(`
    create schema retail;
    create table retail.company (code text primary key, name text not null);
    create table retail.customer (
      company text not null, customer_id text not null, name text not null, country text, primary key (company, customer_id));
    create table retail.item (company text not null, stock_code text not null, description text, primary key (company, stock_code));
    create table retail.invoice (
      company text not null, invoice_no text not null, customer_id text, placed_at timestamptz, country text,
      primary key (company, invoice_no));
    create table retail.invoice_line (
      company text not null, invoice_no text not null, line_no int not null, stock_code text, description text,
      quantity numeric(14, 4), unit_price numeric(14, 4), amount numeric(18, 6), primary key (company, invoice_no, line_no));`)
}

const LINES_AT_ONCE = 20_000

/** Fills it with the lines of the file, and with the customers, items and invoices that they name. */
export async function loadRetail(database: Database, lines: AsyncIterable<RetailLine>): Promise<void> {
  await database.pool.query(`
    insert into retail.company values ('ukr', 'A wholesaler of gifts');
    create temporary sequence if not exists retail_order;
    create unlogged table retail.raw (at bigint, invoice_no text, stock_code text, description text, quantity text, placed text,
      price text, customer text, country text)`)
  let batch: RetailLine[] = []
  let at = 0
  const flush = async () => {
    const column = (name: keyof RetailLine) => batch.map((line) => line[name])
    await database.pool.query(
      `insert into retail.raw select ${at} + o, i, s, nullif(d, ''), q, p, u, nullif(c, ''), l
         from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
         with ordinality as v(i, s, d, q, p, u, c, l, o)`,
      [
        column('InvoiceNo'),
        column('StockCode'),
        column('Description'),
        column('Quantity'),
        column('InvoiceDate'),
        column('UnitPrice'),
        column('CustomerID').map((id) => id.replace(/\.0$/, '')),
        column('Country'),
      ],
    )
    at += batch.length
    batch = []
  }
  for await (const line of lines) {
    batch.push(line)
    if (batch.length === LINES_AT_ONCE) await flush()
  }
  await flush()
  // Times have no zone in the file; the wholesaler is in London.
  await database.pool.query(`
    insert into retail.customer select 'ukr', customer, 'Customer ' || customer, min(country) from retail.raw where customer is not null group by customer;
    insert into retail.item select 'ukr', stock_code, max(description) from retail.raw group by stock_code;
    insert into retail.invoice
    select 'ukr', invoice_no, min(customer), min(placed)::timestamp at time zone 'Europe/London', min(country) from retail.raw group by invoice_no;
    insert into retail.invoice_line
    select 'ukr', invoice_no, row_number() over (partition by invoice_no order by at), stock_code, description, quantity::numeric, price::numeric,
           quantity::numeric * price::numeric
      from retail.raw;
    drop table retail.raw;
    analyze`)
}

const TABLES = {
  company: 'code, name',
  customer: 'company, customer_id, name, country',
  item: 'company, stock_code, description',
  invoice: 'company, invoice_no, customer_id, placed_at, country',
  invoice_line: 'company, invoice_no, line_no, stock_code, description, quantity, unit_price, amount',
} as const

export type Content = Record<keyof typeof TABLES, { rows: number; hash: string }> & { amount: string; quantity: string }

/** What a database of the wholesaler holds: rows and a hash of every value for each table, and the sums. Numbers as they are worth. */
export async function contentOf(database: Database): Promise<Content> {
  const content: Record<string, unknown> = {}
  for (const [table, columns] of Object.entries(TABLES)) {
    const values = columns
      .split(', ')
      .map((name) => (['quantity', 'unit_price', 'amount'].includes(name) ? `trim_scale(${name})` : name))
      .join(', ')
    const { rows } = await database.pool.query(
      `select count(*)::int as rows, coalesce(md5(string_agg(md5(r::text), '' order by r::text)), '') as hash from (select ${values} from retail.${table}) r`,
    )
    content[table] = rows[0]
  }
  const { rows } = await database.pool.query(
    'select coalesce(trim_scale(sum(amount)), 0)::text as amount, coalesce(trim_scale(sum(quantity)), 0)::text as quantity from retail.invoice_line',
  )
  return { ...content, ...rows[0] } as Content
}

/** What the lines of each invoice sum up to, as the wholesaler's database has it. */
export const TOTALS = `
  select i.invoice_no as invoice, coalesce(trim_scale(sum(l.amount)), 0)::text as total
    from retail.invoice i left join retail.invoice_line l using (company, invoice_no) group by 1`

export async function readTotals(database: Database, query: string): Promise<Map<string, string>> {
  const { rows } = await database.pool.query<{ invoice: string; total: string }>(query)
  return new Map(rows.map((row) => [row.invoice, row.total]))
}
