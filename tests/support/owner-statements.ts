import type { Database, Tx } from '../../src/postgres/database.ts'
import { type Sql, sql } from '../../src/postgres/sql.ts'

/**
 * From now on keeps the texts of all statements that run with the owner's rights, beside the wall. Answers the list, which goes on growing.
 */
export function recordOwnerStatements(database: Database): string[] {
  const texts: string[] = []
  const heard = (tx: Tx): Tx => {
    const run = <Row extends object>(query: Sql) => {
      texts.push(query.compile().text)
      return tx.run<Row>(query)
    }
    const tagged = <Row extends object>(strings: TemplateStringsArray, ...parts: readonly unknown[]) =>
      run<Row>(sql(strings, ...parts))
    return Object.assign(tagged, { run })
  }
  const { read, transaction, statement } = database
  database.read = (work) => read((tx) => work(heard(tx)))
  database.transaction = (work, options) => transaction((tx) => work(heard(tx)), options)
  database.statement = (work) => statement((tx) => work(heard(tx)))
  return texts
}
