import type { DiffLine, Figure } from '../difference.ts'
import type { Said } from '../explanation.ts'
import type { Privilege } from '../policy.ts'

const VERBS: Readonly<Record<Privilege, Said>> = {
  read: { en: 'read', fr: 'lire' },
  create: { en: 'create', fr: 'créer' },
  write: { en: 'change', fr: 'modifier' },
  delete: { en: 'delete', fr: 'supprimer' },
  append: { en: 'attach', fr: 'rattacher' },
  appendTo: { en: 'attach to', fr: 'compléter' },
}

/** '312 people gain 4,120 rows of invoice to read.' */
export function describeLine(line: Omit<DiffLine, 'says'>): Said {
  if (!line.counted)
    return {
      en: `What changes in ${line.table} (${VERBS[line.privilege].en}) could not be counted in time.`,
      fr: `Ce qui change dans ${line.table} (${VERBS[line.privilege].fr}) n’a pas pu être compté à temps.`,
    }
  const parts = [
    ...(line.gained === null ? [] : [sentence(line, line.gained, { en: 'gain', fr: 'gagnent' })]),
    ...(line.lost === null ? [] : [sentence(line, line.lost, { en: 'lose', fr: 'perdent' })]),
  ]
  return { en: parts.map((one) => one.en).join(' '), fr: parts.map((one) => one.fr).join(' ') }
}

function sentence(line: Omit<DiffLine, 'says'>, figure: Figure, verb: Said): Said {
  const anybody = line.who.kind === 'anonymous'
  const role = line.who.kind === 'role' ? ` (${line.who.role})` : ''
  const who: Said = anybody
    ? { en: 'Everybody without signing in', fr: 'Toute personne non connectée' }
    : {
        en: `${count(figure.people, 'en')} ${figure.people === 1 ? 'person' : 'people'}${role}`,
        fr: `${count(figure.people, 'fr')} ${figure.people < 2 ? 'personne' : 'personnes'}${role}`,
      }
  const single = anybody || figure.people === 1
  const does: Said = {
    en: single ? `${verb.en}s` : verb.en,
    fr: single ? (verb.fr === 'gagnent' ? 'gagne' : 'perd') : verb.fr,
  }
  const what = whatOf(line, figure)
  return { en: `${who.en} ${does.en} ${what.en}.`, fr: `${who.fr} ${does.fr} ${what.fr}.` }
}

function whatOf(line: Omit<DiffLine, 'says'>, figure: Figure): Said {
  const to = VERBS[line.privilege]
  if (figure.rows === null)
    return { en: `the right to create rows of ${line.table}`, fr: `le droit de créer des lignes de ${line.table}` }
  const least: Said = figure.atLeast ? { en: 'at least ', fr: 'au moins ' } : { en: '', fr: '' }
  const rows: Said = {
    en: `${least.en}${count(figure.rows, 'en')} ${figure.rows === 1 ? 'row' : 'rows'} of ${line.table}`,
    fr: `${least.fr}${count(figure.rows, 'fr')} ${figure.rows < 2 ? 'ligne' : 'lignes'} de ${line.table}`,
  }
  if (line.columns === null) return { en: `${rows.en} to ${to.en}`, fr: `${rows.fr} à ${to.fr}` }
  const names = line.columns.join(', ')
  return { en: `${names} of ${rows.en} to ${to.en}`, fr: `${names} de ${rows.fr} à ${to.fr}` }
}

function count(value: number, language: string): string {
  return new Intl.NumberFormat(language).format(value)
}
