-- Ways to pay, origins of orders, quotations, stock enquiries and notes.

-- Warehouses that goods pass through, or are refilled from.
alter table scm.warehouse
  add column "MainRefillingWarehouseId" scm.string, add column "QuarantineWarehouseId" scm.string, add column "TransitWarehouseId" scm.string;

create table scm.payment_method (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "dataAreaId" scm.string, "Name" scm.string, "Description" scm.string, "AccountType" scm.string default 'Bank',
  "PaymentType" scm.string default 'Other', "PaymentStatus" scm.string default 'None', "SumByPeriod" scm.string default 'Invoice',
  "BillOfExchangeDraftType" scm.string default 'NoDraft',
  "DiscountGracePeriodDays" scm.whole, "LastFileNumber" scm.whole, "LastFileNumberToday" scm.whole,
  "IsSEPA" scm.yesno, "DirectDebit" scm.yesno, "BridgingPostingEnabled" scm.yesno,
  unique ("dataAreaId", "Name"), check ("Name" <> ''),
  foreign key ("dataAreaId") references scm.legal_entity ("DataArea")
);

create table scm.payment_day (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "dataAreaId" scm.string, "Name" scm.string, "Description" scm.string,
  unique ("dataAreaId", "Name"), check ("Name" <> ''),
  foreign key ("dataAreaId") references scm.legal_entity ("DataArea")
);

create table scm.payment_day_line (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "dataAreaId" scm.string, "Name" scm.string, "LineNumber" scm.whole, "Frequency" scm.string default 'Month',
  "DayOfWeek" scm.string default 'None', "DayOfMonth" scm.whole,
  unique ("dataAreaId", "Name", "LineNumber"),
  foreign key ("dataAreaId", "Name") references scm.payment_day ("dataAreaId", "Name"),
  check ("DayOfMonth" between 0 and 31)
);

create table scm.payment_schedule (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "dataAreaId" scm.string, "Name" scm.string, "Description" scm.string, "AllocationMethod" scm.string default 'Total',
  "PaymentFrequencyUnits" scm.string default 'Month', "SalesTaxAllocationMethod" scm.string default 'Proportional', "Notes" scm.string,
  "PaymentFrequency" scm.whole, "NumberOfPayments" scm.whole, "FixedPaymentAmount" scm.number, "MinimumPaymentAmount" scm.number,
  unique ("dataAreaId", "Name"), check ("Name" <> ''),
  foreign key ("dataAreaId") references scm.legal_entity ("DataArea")
);

create table scm.payment_schedule_line (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "dataAreaId" scm.string, "PaymentScheduleName" scm.string, "LineNumber" scm.number, "PercentOrAmount" scm.string default 'Percent',
  "PercentOrAmountValue" scm.number, "PeriodsAfterDueDate" scm.whole,
  unique ("dataAreaId", "PaymentScheduleName", "LineNumber"),
  foreign key ("dataAreaId", "PaymentScheduleName") references scm.payment_schedule ("dataAreaId", "Name")
);

create table scm.sales_order_origin (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "dataAreaId" scm.string, "OriginCode" scm.string, "OriginDescription" scm.string,
  unique ("dataAreaId", "OriginCode"), check ("OriginCode" <> ''),
  foreign key ("dataAreaId") references scm.legal_entity ("DataArea")
);

-- Every product of the group, whoever sells it; it comes into being when the first company releases it.
create table scm.product (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "ProductNumber" text not null check ("ProductNumber" <> '') unique,
  "ProductName" scm.string, "ProductSearchName" scm.string, "ProductType" scm.string default 'Item'
);

create function scm.put_product() returns trigger language plpgsql as $$
begin
  if new."ProductNumber" <> '' then
    insert into scm.product ("ProductNumber", "ProductName", "ProductSearchName", "ProductType")
    values (new."ProductNumber", new."ProductName", new."ProductSearchName", new."ProductType")
    on conflict ("ProductNumber") do update
      set "ProductName" = excluded."ProductName", "ProductSearchName" = excluded."ProductSearchName"
      where scm.product."ProductName" = '';
  end if;
  return null;
end $$;
create trigger put_product after insert or update of "ProductNumber", "ProductName" on scm.released_product
  for each row execute function scm.put_product();

-- Columns as of sales orders where the two mean the same; the rest in `extra`.
create table scm.sales_quotation_header (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "dataAreaId" scm.string, "SalesQuotationNumber" scm.string, "SalesQuotationName" scm.string,
  "SalesQuotationStatus" scm.string default 'Created', "RequestingCustomerAccountNumber" scm.string,
  "InvoiceCustomerAccountNumber" scm.string, "ContactPersonId" scm.string, "CurrencyCode" scm.string,
  "LanguageId" scm.string, "PaymentTermsName" scm.string, "DeliveryModeCode" scm.string, "DeliveryTermsCode" scm.string,
  "PriceCustomerGroupCode" scm.string, "SalesTaxGroupCode" scm.string, "CustomersReference" scm.string,
  "CustomerRequisitionNumber" scm.string, "GeneratedSalesOrderNumber" scm.string, "DefaultShippingSiteId" scm.string,
  "DefaultShippingWarehouseId" scm.string, "Email" scm.string, "URL" scm.string, "SalesOrderPromisingMethod" scm.string default 'None',
  "DeliveryAddressName" scm.string, "DeliveryAddressDescription" scm.string, "DeliveryAddressLocationId" scm.string,
  "DeliveryAddressStreet" scm.string, "DeliveryAddressStreetNumber" scm.string, "DeliveryAddressCity" scm.string,
  "DeliveryAddressZipCode" scm.string, "DeliveryAddressStateId" scm.string, "DeliveryAddressCountyId" scm.string,
  "DeliveryAddressDistrictName" scm.string, "DeliveryAddressCountryRegionId" scm.string,
  "DeliveryAddressCountryRegionISOCode" scm.string, "FormattedDeliveryAddress" scm.string,
  "InvoiceAddressStreet" scm.string, "InvoiceAddressStreetNumber" scm.string, "InvoiceAddressCity" scm.string,
  "InvoiceAddressZipCode" scm.string, "InvoiceAddressStateId" scm.string, "InvoiceAddressCountyId" scm.string,
  "InvoiceAddressDistrictName" scm.string, "InvoiceAddressCountryRegionId" scm.string,
  "InvoiceAddressCountryRegionISOCode" scm.string, "FormattedInvoiceAddress" scm.string,
  "QuotationTotalAmount" scm.number, "QuotationTotalTaxAmount" scm.number, "QuotationTotalChargesAmount" scm.number,
  "QuotationTotalDiscountAmount" scm.number, "QuotationHeaderTaxAmount" scm.number, "TotalDiscountAmount" scm.number,
  "TotalDiscountPercentage" scm.number,
  "RequestedShippingDate" scm.moment, "ReceiptDateRequested" scm.moment, "SalesQuotationExpiryDate" scm.moment,
  "SalesQuotationFollowUpDate" scm.moment, "SalesQuotationConfirmationDate" scm.moment,
  "ArePricesIncludingSalesTax" scm.yesno, "IsDeliveryAddressOrderSpecific" scm.yesno, "IsDeliveryAddressPrivate" scm.yesno,
  unique ("dataAreaId", "SalesQuotationNumber"), check ("SalesQuotationNumber" <> ''),
  foreign key ("dataAreaId", "RequestingCustomerAccountNumber") references scm.customer ("dataAreaId", "CustomerAccount"),
  foreign key ("CurrencyCode") references scm.currency ("CurrencyCode"),
  check ("SalesQuotationStatus" in ('Created', 'Sent', 'Confirmed', 'Lost', 'Cancelled', 'Reset', 'Modified', 'Submitted', 'Approved', 'Revised'))
);
create index on scm.sales_quotation_header ("dataAreaId", "RequestingCustomerAccountNumber");
create index on scm.sales_quotation_header ("CustomersReference") where "CustomersReference" <> '';

create table scm.sales_quotation_line (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "dataAreaId" scm.string, "SalesQuotationNumber" scm.string, "LineCreationSequenceNumber" scm.whole,
  "SalesQuotationStatus" scm.string default 'Created', "ItemNumber" scm.string, "ProductNumber" scm.string,
  "ProductName" scm.string, "LineDescription" scm.string, "ExternalItemNumber" scm.string, "SalesUnitSymbol" scm.string,
  "CurrencyCode" scm.string, "ShippingSiteId" scm.string, "ShippingWarehouseId" scm.string, "SalesTaxGroupCode" scm.string,
  "SalesProductCategoryName" scm.string, "SalesProductCategoryHierarchyName" scm.string,
  "SalesQuotationPromisingMethod" scm.string default 'None',
  "DeliveryAddressName" scm.string, "DeliveryAddressDescription" scm.string, "DeliveryAddressLocationId" scm.string,
  "DeliveryAddressStreet" scm.string, "DeliveryAddressStreetNumber" scm.string, "DeliveryAddressCity" scm.string,
  "DeliveryAddressZipCode" scm.string, "DeliveryAddressStateId" scm.string, "DeliveryAddressCountyId" scm.string,
  "DeliveryAddressDistrictName" scm.string, "DeliveryAddressCountryRegionId" scm.string,
  "DeliveryAddressCountryRegionISOCode" scm.string, "FormattedDeliveryAddress" scm.string,
  "RequestedSalesQuantity" scm.number, "SalesPrice" scm.number, "SalesPriceQuantity" scm.number default '1',
  "LineAmount" scm.number, "LineDiscountAmount" scm.number, "LineDiscountPercentage" scm.number,
  "MultilineDiscountAmount" scm.number, "MultilineDiscountPercentage" scm.number, "FixedPriceCharges" scm.number,
  "TotalDiscountAmount" scm.number, "TotalChargesAmount" scm.number, "TotalTaxAmount" scm.number,
  "AllowedOverdeliveryPercentage" scm.number, "AllowedUnderdeliveryPercentage" scm.number,
  "RequestedShippingDate" scm.moment, "RequestedReceiptDate" scm.moment,
  "IsPriceLocked" scm.yesno, "IsDeliveryAddressOrderSpecific" scm.yesno, "IsDeliveryAddressPrivate" scm.yesno,
  unique ("dataAreaId", "SalesQuotationNumber", "LineCreationSequenceNumber"),
  foreign key ("dataAreaId", "SalesQuotationNumber") references scm.sales_quotation_header ("dataAreaId", "SalesQuotationNumber"),
  foreign key ("dataAreaId", "ItemNumber") references scm.released_product ("dataAreaId", "ItemNumber"),
  foreign key ("SalesUnitSymbol") references scm.unit_of_measure ("UnitSymbol"),
  check ("SalesPriceQuantity" > 0)
);

-- A question about stock, and its answer as rows.
create table scm.on_hand_request (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "dataAreaId" scm.string, "RequestId" scm.string, "ProductNumber" scm.string, "InventorySiteId" scm.string,
  "InventoryWarehouseId" scm.string, "ReferenceNumber" scm.string, "OrderQuantity" scm.number, "LineCreationSequenceNumber" scm.whole,
  "IsATPCalculation" scm.yesno,
  unique ("dataAreaId", "RequestId"), check ("RequestId" <> ''),
  foreign key ("dataAreaId") references scm.legal_entity ("DataArea")
);

create table scm.on_hand_entry (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "dataAreaId" scm.string, "RequestId" scm.string, "InventorySiteId" scm.string, "InventoryWarehouseId" scm.string,
  "ATPDate" scm.moment,
  "OrderQuantity" scm.number, "OnHandQuantity" scm.number, "ReservedOnHandQuantity" scm.number, "AvailableOnHandQuantity" scm.number,
  "UnavailableOnHandQuantity" scm.number, "OrderedQuantity" scm.number, "ReservedOrderedQuantity" scm.number,
  "AvailableOrderedQuantity" scm.number, "OnOrderQuantity" scm.number, "TotalAvailableQuantity" scm.number, "ATPQuantity" scm.number,
  "ProjectedIssueQuantity" scm.number, "ProjectedOnHandQuantity" scm.number, "ProjectedReceiptQuantity" scm.number,
  unique ("dataAreaId", "RequestId", "InventorySiteId", "InventoryWarehouseId", "ATPDate"),
  foreign key ("dataAreaId", "RequestId") references scm.on_hand_request ("dataAreaId", "RequestId") on delete cascade
);

-- Notes, links and files on sales orders and customers.
create table scm.sales_order_attachment (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "dataAreaId" scm.string, "DocumentId" text not null default gen_random_uuid()::text, "SalesOrderNumber" scm.string,
  "DocumentAttachmentTypeCode" scm.string default 'Note', "AttachmentDescription" scm.string, "Notes" scm.string,
  "AccessRestriction" scm.string default 'Internal', "FileName" scm.string, "FileType" scm.string, "IsDefaultAttachment" scm.yesno,
  unique ("dataAreaId", "DocumentId"),
  foreign key ("dataAreaId", "SalesOrderNumber") references scm.sales_order_header ("dataAreaId", "SalesOrderNumber") on delete cascade,
  check ("DocumentAttachmentTypeCode" in ('Note', 'URL', 'File', 'Image')), check ("AccessRestriction" in ('Internal', 'External'))
);
create index on scm.sales_order_attachment ("dataAreaId", "SalesOrderNumber");

create table scm.customer_attachment (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "dataAreaId" scm.string, "DocumentId" text not null default gen_random_uuid()::text, "CustomerAccountNumber" scm.string,
  "TypeId" scm.string default 'Note', "Name" scm.string, "Notes" scm.string, "Restriction" scm.string default 'Internal',
  "FileName" scm.string, "FileType" scm.string, "DefaultAttachment" scm.yesno,
  unique ("dataAreaId", "DocumentId"),
  foreign key ("dataAreaId", "CustomerAccountNumber") references scm.customer ("dataAreaId", "CustomerAccount") on delete cascade,
  check ("TypeId" in ('Note', 'URL', 'File', 'Image')), check ("Restriction" in ('Internal', 'External'))
);
create index on scm.customer_attachment ("dataAreaId", "CustomerAccountNumber");

select scm.capture(name)
  from unnest(array[
    'payment_method', 'payment_day', 'payment_day_line', 'payment_schedule', 'payment_schedule_line', 'sales_order_origin', 'product',
    'sales_quotation_header', 'sales_quotation_line', 'on_hand_request', 'on_hand_entry', 'sales_order_attachment', 'customer_attachment'
  ]) as name;

update scm.released_product set "ProductNumber" = "ProductNumber";
