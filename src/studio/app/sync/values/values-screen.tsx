import { Button, Stack, Table, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { SharedList } from '#dual-write/facets-control.ts'
import { useMapTitles } from '../../lib/maps.ts'
import { useWords } from '../../lib/messages.tsx'
import { TextLink } from '../../parts/link.tsx'
import { SearchBox } from '../../parts/list.tsx'
import { Empty, Loaded } from '../../parts/states.tsx'
import { SyncHead } from '../head.tsx'
import { valueListsQuery } from '../queries.ts'
import { ListEditor, NEW_LIST } from './list-editor.tsx'

export type ValuesAddress = { list?: string; search?: string }

/** The lists of values that maps share: which there are, who uses them, and each to be changed. */
export function ValuesScreen({ address }: { address: ValuesAddress }) {
  const { t } = useWords()
  const navigate = useNavigate()
  const lists = useQuery(valueListsQuery)
  const go = (search: ValuesAddress) => void navigate({ to: '/sync/values', search })
  const { list } = address
  if (list === undefined)
    return (
      <>
        <SyncHead
          title={t('values.title')}
          lead={t('values.lead')}
          actions={<Button onClick={() => go({ list: NEW_LIST })}>{t('values.new')}</Button>}
        />
        <Loaded query={lists}>
          {(all) => (
            <Stack>
              <SearchBox
                label={t('values.search')}
                value={address.search ?? ''}
                onSearch={(search) => go(search === '' ? {} : { search })}
              />
              <Lists lists={all.filter((one) => isFound(one, address.search ?? ''))} />
            </Stack>
          )}
        </Loaded>
      </>
    )
  return (
    <>
      <SyncHead
        title={list === NEW_LIST ? t('values.newTitle') : t('values.listTitle', { name: list })}
        lead={<TextLink to="/sync/values">{t('values.all')}</TextLink>}
      />
      <Loaded query={lists}>
        {(all) => {
          const found = all.find((one) => one.name === list)
          if (found === undefined && list !== NEW_LIST)
            return <Empty title={t('notFound.title')} text={t('values.unknown', { name: list })} />
          return (
            <ListEditor
              key={list}
              list={found}
              names={all.map((one) => one.name)}
              show={(name) => go(name === undefined ? {} : { list: name })}
            />
          )
        }}
      </Loaded>
    </>
  )
}

function Lists({ lists }: { lists: readonly SharedList[] }) {
  const { t, number, dateTime } = useWords()
  const titleOf = useMapTitles()
  if (lists.length === 0) return <Empty title={t('values.none')} text={t('values.noneText')} />
  return (
    <Table.ScrollContainer minWidth={640} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table verticalSpacing="xs" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('values.list')}</Table.Th>
            <Table.Th className="number">{t('values.pairs')}</Table.Th>
            <Table.Th>{t('values.usedBy')}</Table.Th>
            <Table.Th>{t('values.from')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {lists.map(({ name, pairs, maps, saved }) => (
            <Table.Tr key={name}>
              <Table.Td>
                <TextLink to="/sync/values" search={{ list: name }} className="mono">
                  {name}
                </TextLink>
              </Table.Td>
              <Table.Td className="number">{number(pairs.length)}</Table.Td>
              <Table.Td>
                <Text size="sm" lineClamp={2}>
                  {maps.length === 0 ? t('values.unused') : maps.map(titleOf).join(', ')}
                </Text>
              </Table.Td>
              <Table.Td>
                <Text size="sm">
                  {saved === null ? t('versions.file') : t('values.saved', { by: saved.by, at: dateTime(saved.at) })}
                </Text>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}

function isFound({ name, pairs, maps }: SharedList, search: string): boolean {
  const words = [name, ...maps, ...pairs.map((one) => one.erp)]
  return words.some((one) => one.toLowerCase().includes(search.trim().toLowerCase()))
}
