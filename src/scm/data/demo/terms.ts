import { type DemoCompany, type DemoRow, type DemoTables, demoCompanies } from './setup.ts'

/** Ways to pay, and where orders come from: a few of each, as every company has them. */
export function addTermsOfPayment(tables: DemoTables): void {
  const each = (rows: (company: DemoCompany) => DemoRow[]) =>
    demoCompanies.flatMap((company) => rows(company).map((row) => ({ dataAreaId: company.id, ...row })))
  tables.set(
    'payment_method',
    each((company) => [
      {
        Name: 'TRANSFER',
        Description: 'Bank transfer',
        PaymentType: 'ElectronicPayment',
        IsSEPA: company.currency === 'EUR' ? 'Yes' : 'No',
      },
      { Name: 'CHECK', Description: 'Check', PaymentType: 'Check', IsSEPA: 'No' },
    ]),
  )
  tables.set(
    'payment_day',
    each(() => [
      { Name: 'FRIDAY', Description: 'Every Friday' },
      { Name: '15TH', Description: 'The 15th of the month' },
    ]),
  )
  tables.set(
    'payment_day_line',
    each(() => [
      { Name: 'FRIDAY', LineNumber: 1, Frequency: 'Week', DayOfWeek: 'Friday', DayOfMonth: 0 },
      { Name: '15TH', LineNumber: 1, Frequency: 'Month', DayOfWeek: 'None', DayOfMonth: 15 },
    ]),
  )
  tables.set(
    'payment_schedule',
    each(() => [{ Name: 'THIRDS', Description: 'Three monthly payments', AllocationMethod: 'Specified', NumberOfPayments: 3 }]),
  )
  tables.set(
    'payment_schedule_line',
    each(() =>
      ['33.33', '33.33', '33.34'].map((percent, index) => ({
        PaymentScheduleName: 'THIRDS',
        LineNumber: String(index + 1),
        PercentOrAmountValue: percent,
        PeriodsAfterDueDate: index,
      })),
    ),
  )
  tables.set(
    'sales_order_origin',
    each(() => [
      { OriginCode: 'PHONE', OriginDescription: 'By telephone' },
      { OriginCode: 'PORTAL', OriginDescription: 'Customer portal' },
    ]),
  )
}
