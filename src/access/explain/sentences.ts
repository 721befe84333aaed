import type { RowExplanation, RuleOnRow, Said, Verdict } from '../explanation.ts'
import type { SwitchedOff } from '../permissions/grants.ts'
import type { Privilege } from '../policy.ts'

type Rule = Omit<RuleOnRow, 'says'>

const VERBS: Readonly<Record<Privilege, Said>> = {
  read: { en: 'read', fr: 'lire' },
  create: { en: 'create', fr: 'créer' },
  write: { en: 'change', fr: 'modifier' },
  delete: { en: 'delete', fr: 'supprimer' },
  append: { en: 'attach to another row', fr: 'rattacher à une autre ligne' },
  appendTo: { en: 'attach rows to', fr: 'rattacher des lignes à' },
}

/** The deciding rule in one sentence, with the place it is written. */
export function describeVerdict(
  question: { table: string; privilege: Privilege; column?: string },
  verdict: Verdict,
  rules: RowExplanation['rules'],
): Said {
  const verb = VERBS[question.privilege]
  const what =
    question.column === undefined
      ? { en: `${verb.en} this ${question.table}`, fr: `${verb.fr} cette ligne de ${question.table}` }
      : {
          en: `${verb.en} the column ${question.column} of this ${question.table}`,
          fr: `${verb.fr} la colonne ${question.column} de cette ligne de ${question.table}`,
        }
  switch (verdict.kind) {
    case 'no_such_row':
      return {
        en: `There is no ${question.table} with this id.`,
        fr: `Aucune ligne de ${question.table} ne porte cet identifiant.`,
      }
    case 'outside_token':
      return {
        en: `The token is not made for this: it may not ${verb.en} rows of ${question.table}.`,
        fr: `Le jeton n’est pas prévu pour cela : il ne permet pas de ${verb.fr} des lignes de ${question.table}.`,
      }
    case 'granted':
      return {
        en: `May ${what.en}: “${verdict.permission}” grants it through ${list(verdict.roles, 'en')} (${verdict.file}).`,
        fr: `Peut ${what.fr} : « ${verdict.permission} » l’accorde par ${list(verdict.roles, 'fr')} (${verdict.file}).`,
      }
    case 'denied':
      return {
        en: `May not ${what.en}: “${verdict.permission}” denies it to ${list(verdict.roles, 'en')} (${verdict.file}).`,
        fr: `Ne peut pas ${what.fr} : « ${verdict.permission} » l’interdit à ${list(verdict.roles, 'fr')} (${verdict.file}).`,
      }
    case 'not_granted':
      return notGranted(
        what,
        rules.find((one) => one.permission === verdict.nearest),
        question.column,
      )
    default:
      return verdict satisfies never
  }
}

function notGranted(what: Said, nearest: RuleOnRow | undefined, column: string | undefined): Said {
  if (nearest === undefined)
    return {
      en: `May not ${what.en}: no permission grants it to anybody.`,
      fr: `Ne peut pas ${what.fr} : aucune autorisation ne l’accorde à personne.`,
    }
  const lacks: Said =
    nearest.decides && column !== undefined
      ? {
          en: `“${nearest.permission}” grants the row without this column (${nearest.file}).`,
          fr: `« ${nearest.permission} » accorde la ligne sans cette colonne (${nearest.file}).`,
        }
      : nearest.says
  return {
    en: `May not ${what.en}: nothing grants it. Nearest: ${lacks.en}`,
    fr: `Ne peut pas ${what.fr} : rien ne l’accorde. Au plus près : ${lacks.fr}`,
  }
}

/** What one permission has to say about the row: the first thing that it lacks, or that it holds. */
export function describeRule(rule: Rule, off: SwitchedOff | undefined): Said {
  const name = { en: `“${rule.permission}” (${rule.file})`, fr: `« ${rule.permission} » (${rule.file})` }
  const lack = lackOf(rule, off)
  if (lack !== undefined) return { en: `${name.en} ${lack.en}.`, fr: `${name.fr} ${lack.fr}.` }
  const through = { en: list(rule.roles, 'en'), fr: list(rule.roles, 'fr') }
  const columns = rule.columns === null ? '' : `: ${rule.columns.join(', ')}`
  return rule.effect === 'allow'
    ? { en: `${name.en} grants it through ${through.en}${columns}.`, fr: `${name.fr} l’accorde par ${through.fr}${columns}.` }
    : { en: `${name.en} denies it to ${through.en}${columns}.`, fr: `${name.fr} l’interdit à ${through.fr}${columns}.` }
}

function lackOf(rule: Rule, off: SwitchedOff | undefined): Said | undefined {
  if (rule.fails !== null) return failureOf(rule, off)
  if (!rule.scope)
    return (
      (rule.byAccount ? OWN_FOR_ACCOUNT : SCOPES[rule.accessType]) ?? {
        en: 'does not cover the row',
        fr: 'ne couvre pas la ligne',
      }
    )
  if (rule.where !== null && !rule.where.holds)
    return {
      en: `holds only where ${rule.where.text}, and that is not so here`,
      fr: `ne vaut que si ${rule.where.text}, ce qui n’est pas le cas ici`,
    }
  if (rule.parent === null) return undefined
  const above = lackOf(rule.parent.rule, off)
  if (above !== undefined)
    return {
      en: `goes by the row above, and there “${rule.parent.rule.permission}” ${above.en}`,
      fr: `dépend de la ligne parente, et là « ${rule.parent.rule.permission} » ${above.fr}`,
    }
  if (rule.parent.deniedBy.length === 0) return undefined
  const [denial = ''] = rule.parent.deniedBy
  return {
    en: `goes by the row above, and “${denial}” denies reading that one`,
    fr: `dépend de la ligne parente, dont « ${denial} » interdit la lecture`,
  }
}

function failureOf(rule: Rule, off: SwitchedOff | undefined): Said {
  const day = off?.atMs === undefined ? '' : new Date(off.atMs).toISOString()
  const which = off === undefined || off.name === rule.permission ? '' : `“${off.name}” `
  const laquelle = off === undefined || off.name === rule.permission ? '' : `« ${off.name} » `
  switch (rule.fails) {
    case 'role':
      return {
        en: `is for ${list(rule.forRoles, 'en')}, which this visitor does not have`,
        fr: `s’adresse à ${list(rule.forRoles, 'fr')}, rôle que ce visiteur n’a pas`,
      }
    case 'inactive':
      return { en: `does not hold: ${which}is switched off`, fr: `ne vaut pas : ${laquelle}est désactivée` }
    case 'not_yet':
      return { en: `does not hold yet: ${which}begins on ${day}`, fr: `ne vaut pas encore : ${laquelle}commence le ${day}` }
    case 'ended':
      return { en: `holds no more: ${which}ended on ${day}`, fr: `ne vaut plus : ${laquelle}a pris fin le ${day}` }
    case 'no_parent':
      return { en: 'has no parent permission', fr: 'n’a pas d’autorisation parente' }
    case 'no_bearing':
    case null:
      return {
        en: 'goes by the visitor’s account, contact or legal entity, and there is none',
        fr: 'dépend du compte, du contact ou de l’entité juridique du visiteur, qui n’en a pas',
      }
    default:
      return rule.fails satisfies never
  }
}

const OWN_FOR_ACCOUNT: Said = {
  en: 'covers the visitor’s own rows for the account in use; this is not one',
  fr: 'couvre les lignes propres au visiteur pour le compte utilisé ; celle-ci n’en est pas une',
}

const SCOPES: Readonly<Record<string, Said>> = {
  company: {
    en: 'covers rows of the visitor’s legal entity; this is another’s',
    fr: 'couvre les lignes de l’entité juridique du visiteur ; celle-ci relève d’une autre',
  },
  account: {
    en: 'covers rows of the visitor’s account; this is not one',
    fr: 'couvre les lignes du compte du visiteur ; celle-ci n’en est pas une',
  },
  hierarchy: {
    en: 'covers rows of the visitor’s account and of those below it; this is not one',
    fr: 'couvre les lignes du compte du visiteur et de ses filiales ; celle-ci n’en est pas une',
  },
  contact: {
    en: 'covers the visitor’s own rows; this is not one',
    fr: 'couvre les lignes propres au visiteur ; celle-ci n’en est pas une',
  },
  self: { en: 'covers the visitor’s own contact alone', fr: 'ne couvre que le contact du visiteur lui-même' },
  parent: { en: 'goes by the row above, and this row belongs to none', fr: 'dépend d’une ligne parente, et celle-ci n’en a pas' },
}

function list(names: readonly string[], language: string): string {
  return new Intl.ListFormat(language, { type: 'conjunction' }).format(names)
}
