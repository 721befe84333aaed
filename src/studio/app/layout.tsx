import {
  ActionIcon,
  AppShell,
  Badge,
  Burger,
  Button,
  Center,
  Group,
  Loader,
  SegmentedControl,
  Stack,
  Text,
  Title,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { Outlet, useRouterState } from '@tanstack/react-router'
import { useEffect } from 'react'
import { meQuery } from './lib/api.ts'
import { openLiveStream, useConnected } from './lib/live.ts'
import { useMaps } from './lib/maps.ts'
import { useWords } from './lib/messages.tsx'
import {
  AccountIcon,
  ContactIcon,
  DoorIcon,
  MailIcon,
  MoonIcon,
  OverviewIcon,
  ParkedIcon,
  ShieldIcon,
  SunIcon,
  SyncIcon,
  TableIcon,
} from './parts/icons.tsx'
import { ButtonLink, MenuLink } from './parts/link.tsx'
import { LoadFailure } from './parts/states.tsx'

/** What surrounds every screen: where one is, who one is, and how the other screens are reached. */
export function Layout() {
  const { t } = useWords()
  const me = useQuery(meQuery)
  const [opened, menu] = useDisclosure(false)
  const path = useRouterState({ select: (state) => state.location.pathname })
  useEffect(openLiveStream, [])
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new screen closes the menu of small windows
  useEffect(menu.close, [path])

  if (me.isError) return <Center mih="100vh">{<LoadFailure error={me.error} retry={me.refetch} />}</Center>
  if (me.isPending) return <Center mih="100vh">{<Loader aria-label={t('state.loading')} />}</Center>
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 232, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding={{ base: 'md', md: 'xl' }}
      transitionDuration={0}
    >
      <a className="skip-link" href="#main">
        {t('nav.skip')}
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={opened} onClick={menu.toggle} hiddenFrom="sm" size="sm" aria-label={t('nav.menu')} />
            <SyncIcon size={24} />
            <Text fw={650}>Comptoir Studio</Text>
            {me.data.demo && (
              <Badge variant="light" color="gray" visibleFrom="xs">
                {t('nav.demo')}
              </Badge>
            )}
          </Group>
          <Group gap="xs" wrap="nowrap">
            <Text size="sm" c="dimmed" visibleFrom="md">
              {me.data.fullName}
            </Text>
            <LanguageSwitch />
            <ColorSwitch />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="sm" aria-label={t('nav.menu')}>
        <Menu />
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1}>
        <div className="screen">
          <Outlet />
        </div>
      </AppShell.Main>
    </AppShell>
  )
}

export function NotFound() {
  const { t } = useWords()
  return (
    <Stack align="flex-start">
      <Title order={1}>{t('notFound.title')}</Title>
      <Text>{t('notFound.text')}</Text>
      <ButtonLink to="/">{t('nav.overview')}</ButtonLink>
    </Stack>
  )
}

function Menu() {
  const { t } = useWords()
  const maps = useMaps()
  const isInSync = useRouterState({ select: (state) => state.location.pathname.includes('/sync/') })
  const parked = maps.data?.maps.reduce((sum, map) => sum + map.parked, 0) ?? 0
  return (
    <Stack justify="space-between" h="100%" gap="xs">
      <Stack gap={2}>
        <MenuLink to="/" activeOptions={{ exact: true }} label={t('nav.overview')} leftSection={<OverviewIcon />} />
        <MenuLink to="/dual-write" active={isInSync} label={t('nav.maps')} leftSection={<SyncIcon />} />
        <MenuLink
          to="/parked-changes"
          label={t('nav.parked')}
          leftSection={<ParkedIcon />}
          rightSection={
            parked > 0 && (
              <Badge color="orange.9" variant="filled" size="sm">
                {parked}
              </Badge>
            )
          }
        />
        <MenuLink to="/accounts" label={t('nav.accounts')} leftSection={<AccountIcon />} />
        <MenuLink to="/contacts" label={t('nav.contacts')} leftSection={<ContactIcon />} />
        <MenuLink to="/data" label={t('nav.data')} leftSection={<TableIcon />} />
        <MenuLink to="/security" label={t('nav.security')} leftSection={<ShieldIcon />} />
        <MenuLink to="/outbox" label={t('nav.outbox')} leftSection={<MailIcon />} />
      </Stack>
      <Stack gap="xs">
        <LiveLight />
        <Button component="a" href="/" variant="subtle" color="gray" justify="flex-start" leftSection={<DoorIcon />}>
          {t('nav.portal')}
        </Button>
      </Stack>
    </Stack>
  )
}

function LiveLight() {
  const { t } = useWords()
  const connected = useConnected()
  return (
    <Group gap={8} px="sm" role="status">
      <span className={connected ? 'live-light live-light-on' : 'live-light'} />
      <Text size="xs" c="dimmed">
        {t(connected ? 'nav.live' : 'nav.notLive')}
      </Text>
    </Group>
  )
}

function LanguageSwitch() {
  const { t, language, setLanguage } = useWords()
  return (
    <SegmentedControl
      size="xs"
      aria-label={t('nav.language')}
      value={language}
      onChange={(value) => setLanguage(value === 'fr' ? 'fr' : 'en')}
      data={[
        { value: 'en', label: 'EN' },
        { value: 'fr', label: 'FR' },
      ]}
    />
  )
}

function ColorSwitch() {
  const { t } = useWords()
  const { setColorScheme } = useMantineColorScheme()
  const shown = useComputedColorScheme('light')
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="lg"
      aria-label={t(shown === 'dark' ? 'nav.useLight' : 'nav.useDark')}
      onClick={() => setColorScheme(shown === 'dark' ? 'light' : 'dark')}
    >
      {shown === 'dark' ? <SunIcon /> : <MoonIcon />}
    </ActionIcon>
  )
}
