import { Button, Group, Paper, Stack, Text } from '@mantine/core'
import { useWords } from '../lib/messages.tsx'
import { Tag } from '../parts/badges.tsx'
import { type Placed, scopeWords } from './scope-words.ts'

/** The permissions that make a row of the sheet, with the file of each. */
export function PermissionList(props: {
  placed: readonly Placed[]
  onEdit: (one: Placed) => void
  onAdd: () => void
  onDelete: (one: Placed) => void
}) {
  const words = useWords()
  const { t } = words
  return (
    <Stack gap="sm">
      {props.placed.map((one) => {
        const { permission } = one
        return (
          <Paper key={permission.name} withBorder p="sm">
            <Group gap="xs" mb={4}>
              <Text fw={600} size="sm">
                {permission.name}
              </Text>
              <Tag color={permission.effect === 'deny' ? 'red' : 'teal'}>{scopeWords(permission, words)}</Tag>
            </Group>
            <Text size="xs" c="dimmed" className="mono">
              {one.file}
            </Text>
            <Text size="sm">{permission.privileges.map((privilege) => t(`privilege.${privilege}`)).join(', ')}</Text>
            <Text size="sm">{t('explain.partRole', { roles: permission.roles.join(', ') })}</Text>
            {permission.where !== undefined && <Text size="sm">{t('explain.partWhere', { where: permission.where })}</Text>}
            {permission.parent !== undefined && (
              <Text size="sm">{t('explain.partParent', { permission: permission.parent.permission })}</Text>
            )}
            {permission.columns !== undefined && (
              <Text size="sm" className="wrap-anywhere">
                {t('explain.partColumns', { columns: permission.columns.join(', ') })}
              </Text>
            )}
            <Group gap="xs" mt="xs">
              <Button
                size="compact-sm"
                variant="default"
                onClick={() => props.onEdit(one)}
                aria-label={`${t('rules.edit')}: ${permission.name}`}
              >
                {t('rules.edit')}
              </Button>
              <Button
                size="compact-sm"
                variant="subtle"
                c="var(--bad)"
                onClick={() => props.onDelete(one)}
                aria-label={`${t('rules.delete')}: ${permission.name}`}
              >
                {t('rules.delete')}
              </Button>
            </Group>
          </Paper>
        )
      })}
      <Group>
        <Button variant="default" onClick={props.onAdd}>
          {t('rules.add')}
        </Button>
      </Group>
    </Stack>
  )
}
