-- The tables of the reference ERP. Columns carry the field names of the Finance & Operations data entities in their exact
-- case, so that an entity is a list of columns. Empty text, 0 and 1900-01-01T12:00:00Z stand for "nothing", as they do there;
-- nothing is ever null.
-- Companies are lower-case ("usmf") in "dataAreaId", as in every captured answer; LegalEntities shows them in capitals.
create schema scm;

create domain scm.string as text default '' not null;
create domain scm.number as numeric default 0 not null;
create domain scm.whole as integer default 0 not null;
create domain scm.moment as timestamptz default '1900-01-01T12:00:00Z' not null;
create domain scm.yesno as text default 'No' not null check (value in ('No', 'Yes'));

-- Every captured change of a row, in the order of commits per row: `id` is taken while the row is locked.
create table scm.data_event (
  id bigint generated always as identity primary key,
  table_name text not null,
  recid bigint not null,
  operation text not null check (operation in ('Create', 'Update', 'Delete')),
  before jsonb,
  after jsonb,
  created_at timestamptz not null default clock_timestamp()
);

-- Listeners of channel scm_data_event are woken at commit. `set local scm.quiet = 'on'` loads without events.
create function scm.write_data_event() returns trigger language plpgsql as $$
begin
  if coalesce(current_setting('scm.quiet', true), '') = 'on' or (tg_op = 'UPDATE' and new.recversion = old.recversion) then
    return null;
  end if;
  insert into scm.data_event (table_name, recid, operation, before, after)
  values (
    tg_table_name,
    case tg_op when 'DELETE' then old.recid else new.recid end,
    case tg_op when 'INSERT' then 'Create' when 'UPDATE' then 'Update' else 'Delete' end,
    case when tg_op <> 'INSERT' then to_jsonb(old) end,
    case when tg_op <> 'DELETE' then to_jsonb(new) end);
  perform pg_notify('scm_data_event', '');
  return null;
end $$;

-- An update that changes nothing keeps its version and makes no event. (Generated columns are not there yet, hence left out.)
create function scm.bump_version() returns trigger language plpgsql as $$
begin
  new.recversion := old.recversion;
  new.modified_at := old.modified_at;
  if to_jsonb(new) - array['DataArea', 'RecordId'] is distinct from to_jsonb(old) - array['DataArea', 'RecordId'] then
    new.recversion := old.recversion + 1;
    new.modified_at := clock_timestamp();
  end if;
  return new;
end $$;

-- Gives a table with a recid its versions and its events.
create function scm.capture(table_name text) returns void language plpgsql as $$
begin
  execute format('create trigger bump_version before update on scm.%I for each row execute function scm.bump_version()', table_name);
  execute format(
    'create trigger write_data_event after insert or update or delete on scm.%I for each row execute function scm.write_data_event()',
    table_name);
end $$;

-- "DataArea" is the key of Companies and what every "dataAreaId" refers to.
create table scm.legal_entity (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "LegalEntityId" text not null check ("LegalEntityId" <> ''),
  "DataArea" text not null generated always as (lower("LegalEntityId")) stored unique,
  "Name" scm.string, "NameAlias" scm.string, "KnownAs" scm.string, "CompanyName" scm.string, "PartyNumber" scm.string,
  "LanguageId" scm.string default 'en-us', "TimeZone" scm.string, "CompanyCountry" scm.string,
  "AccountingCurrencyCode" scm.string, "AddressStreet" scm.string, "AddressCity" scm.string, "AddressZipCode" scm.string,
  "AddressState" scm.string, "AddressCounty" scm.string, "AddressCountryRegionId" scm.string,
  "AddressCountryRegionISOCode" scm.string, "FullPrimaryAddress" scm.string, "PrimaryContactEmail" scm.string,
  "PrimaryContactPhone" scm.string, "PrimaryContactURL" scm.string, "VATNum" scm.string, "RegistrationNumber" scm.string,
  unique ("LegalEntityId")
);

create table scm.currency (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "CurrencyCode" text not null check ("CurrencyCode" <> '') unique,
  "Name" scm.string, "Symbol" scm.string,
  "GeneralRoundingRule" scm.number, "RoundingRuleSalesOrders" scm.number, "RoundingRulePrices" scm.number
);

create table scm.unit_of_measure (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "UnitSymbol" text not null check ("UnitSymbol" <> '') unique,
  "UnitClass" scm.string default 'Quantity', "UnitDescription" scm.string, "DescriptionLanguageId" scm.string,
  "SystemOfUnits" scm.string default 'None', "NationalCode" scm.string,
  "DecimalPrecision" scm.whole,
  "IsBaseUnit" scm.yesno, "IsSystemUnit" scm.yesno
);

-- 1 from-unit = factor × numerator ÷ denominator to-units, for every product (UnitOfMeasureConversions).
create table scm.unit_conversion (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "FromUnitSymbol" scm.string, "ToUnitSymbol" scm.string, "Rounding" scm.string default 'Nearest',
  "Numerator" scm.number default '1', "Denominator" scm.number default '1', "Factor" scm.number default '1',
  "InnerOffset" scm.number, "OuterOffset" scm.number,
  unique ("FromUnitSymbol", "ToUnitSymbol"),
  foreign key ("FromUnitSymbol") references scm.unit_of_measure ("UnitSymbol"),
  foreign key ("ToUnitSymbol") references scm.unit_of_measure ("UnitSymbol"),
  check ("Denominator" <> 0 and "Numerator" <> 0 and "Factor" <> 0)
);

-- The same for one product; it goes before the general one.
create table scm.product_unit_conversion (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "ProductNumber" scm.string, "FromUnitSymbol" scm.string, "ToUnitSymbol" scm.string, "Rounding" scm.string default 'Nearest',
  "Numerator" scm.number default '1', "Denominator" scm.number default '1', "Factor" scm.number default '1',
  "InnerOffset" scm.number, "OuterOffset" scm.number,
  unique ("ProductNumber", "FromUnitSymbol", "ToUnitSymbol"),
  foreign key ("FromUnitSymbol") references scm.unit_of_measure ("UnitSymbol"),
  foreign key ("ToUnitSymbol") references scm.unit_of_measure ("UnitSymbol"),
  check ("Denominator" <> 0 and "Numerator" <> 0 and "Factor" <> 0)
);

create table scm.payment_term (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "dataAreaId" scm.string, "Name" scm.string, "Description" scm.string, "PaymentMethodType" scm.string default 'Net',
  "PaymentDayName" scm.string, "PaymentScheduleName" scm.string, "CreditCardPaymentType" scm.string,
  "CreditCardCreditCheckType" scm.string default 'Normal', "CustomerDueDateUpdatePolicy" scm.string,
  "VendorDueDateUpdatePolicy" scm.string, "CashPaymentMainAccountIdDisplayValue" scm.string,
  "NumberOfDays" scm.whole, "NumberOfMonths" scm.whole, "CutoffDayOfMonth" scm.whole,
  "AdditionalMonthsForCutoffDate" scm.whole,
  "IsCashPayment" scm.yesno, "IsCertifiedCompanyCheck" scm.yesno, "IsDefaultPaymentTerm" scm.yesno,
  "PostOffsettingAR" scm.yesno,
  unique ("dataAreaId", "Name"),
  foreign key ("dataAreaId") references scm.legal_entity ("DataArea")
);

create table scm.delivery_mode (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "dataAreaId" scm.string, "ModeCode" scm.string, "ModeDescription" scm.string, "ChargeDeliveryGroupId" scm.string,
  "DefaultExpediteCode" scm.string, "IntrastatTransportModeCode" scm.string,
  unique ("dataAreaId", "ModeCode"),
  foreign key ("dataAreaId") references scm.legal_entity ("DataArea")
);

create table scm.delivery_term (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "dataAreaId" scm.string, "TermsCode" scm.string, "TermsDescription" scm.string, "IntrastatCode" scm.string,
  "FreightChargeTerms" scm.string, "SalesTaxLocationRole" scm.string default 'None',
  "IsCashOnDelivery" scm.yesno, "WillShipmentConfirmationTransferCharges" scm.yesno,
  "DoRetailSalesOrdersGetTransportationChargesAdded" scm.yesno,
  unique ("dataAreaId", "TermsCode"),
  foreign key ("dataAreaId") references scm.legal_entity ("DataArea")
);

create table scm.customer_group (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "dataAreaId" scm.string, "CustomerGroupId" scm.string, "Description" scm.string, "PaymentTermId" scm.string,
  "ClearingPeriodPaymentTermName" scm.string, "TaxGroupId" scm.string, "CustomerAccountNumberSequence" scm.string,
  "DefaultDimensionDisplayValue" scm.string,
  "IsSalesTaxIncludedInPrice" scm.yesno,
  unique ("dataAreaId", "CustomerGroupId"),
  foreign key ("dataAreaId") references scm.legal_entity ("DataArea")
);

create table scm.price_customer_group (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "dataAreaId" scm.string, "GroupCode" scm.string, "GroupName" scm.string,
  unique ("dataAreaId", "GroupCode"),
  foreign key ("dataAreaId") references scm.legal_entity ("DataArea")
);

-- One percentage per group stands in for the tax engine.
create table scm.sales_tax_group (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "dataAreaId" scm.string, "TaxGroupCode" scm.string, "Description" scm.string,
  "TaxPercentage" scm.number,
  unique ("dataAreaId", "TaxGroupCode"),
  foreign key ("dataAreaId") references scm.legal_entity ("DataArea")
);

create table scm.operational_site (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "dataAreaId" scm.string, "SiteId" scm.string, "SiteName" scm.string, "PrimaryAddressStreet" scm.string,
  "PrimaryAddressCity" scm.string, "PrimaryAddressZipCode" scm.string, "PrimaryAddressStateId" scm.string,
  "PrimaryAddressCountryRegionId" scm.string, "FormattedPrimaryAddress" scm.string,
  unique ("dataAreaId", "SiteId"),
  foreign key ("dataAreaId") references scm.legal_entity ("DataArea")
);

create table scm.warehouse (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "dataAreaId" scm.string, "WarehouseId" scm.string, "WarehouseName" scm.string, "OperationalSiteId" scm.string,
  "WarehouseType" scm.string default 'Standard', "PrimaryAddressStreet" scm.string, "PrimaryAddressCity" scm.string,
  "PrimaryAddressZipCode" scm.string, "PrimaryAddressStateId" scm.string, "PrimaryAddressCountryRegionId" scm.string,
  "FormattedPrimaryAddress" scm.string,
  unique ("dataAreaId", "WarehouseId"),
  foreign key ("dataAreaId", "OperationalSiteId") references scm.operational_site ("dataAreaId", "SiteId")
);

-- "Format" has one run of # for the number: SO-###### makes SO-000123.
create table scm.number_sequence (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "dataAreaId" scm.string, "Name" scm.string, "Format" scm.string,
  "Next" bigint not null default 1,
  unique ("dataAreaId", "Name"),
  foreign key ("dataAreaId") references scm.legal_entity ("DataArea"),
  check ("Format" like '%#%')
);

select scm.capture(name)
  from unnest(array[
    'legal_entity', 'currency', 'unit_of_measure', 'unit_conversion', 'product_unit_conversion', 'payment_term',
    'delivery_mode', 'delivery_term', 'customer_group', 'price_customer_group', 'sales_tax_group', 'operational_site',
    'warehouse', 'number_sequence'
  ]) as name;
