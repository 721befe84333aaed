-- Sales orders and what is posted from them: packing slips and invoices.

-- "DocumentStatus" (the latest document) and the line quantities decide "SalesOrderProcessingStatus".
create table scm.sales_order_header (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "dataAreaId" scm.string, "SalesOrderNumber" scm.string, "SalesOrderName" scm.string,
  "SalesOrderStatus" scm.string default 'Backorder', "SalesOrderProcessingStatus" scm.string default 'Active',
  "DocumentStatus" scm.string default 'None', "OrderingCustomerAccountNumber" scm.string,
  "InvoiceCustomerAccountNumber" scm.string, "ContactPersonId" scm.string, "Email" scm.string, "CurrencyCode" scm.string,
  "LanguageId" scm.string, "CustomersOrderReference" scm.string, "CustomerRequisitionNumber" scm.string,
  "QuotationNumber" scm.string, "SalesOrderOriginCode" scm.string, "SalesOrderPoolId" scm.string,
  "PaymentTermsName" scm.string, "PaymentScheduleName" scm.string, "CustomerPaymentMethodName" scm.string,
  "CashDiscountCode" scm.string, "DeliveryModeCode" scm.string, "DeliveryTermsCode" scm.string,
  "PriceCustomerGroupCode" scm.string, "LineDiscountCustomerGroupCode" scm.string,
  "MultilineDiscountCustomerGroupCode" scm.string, "TotalDiscountCustomerGroupCode" scm.string,
  "SalesTaxGroupCode" scm.string, "TaxExemptNumber" scm.string, "DefaultShippingSiteId" scm.string,
  "DefaultShippingWarehouseId" scm.string, "SalesOrderPromisingMethod" scm.string default 'None',
  "InventoryReservationMethod" scm.string default 'None', "OrderTakerPersonnelNumber" scm.string,
  "OrderResponsiblePersonnelNumber" scm.string, "SalesTaker" scm.string, "SalesResponsible" scm.string,
  "SalesOrderOriginType" scm.string, "ExternalWorkOrderStatus" scm.string, "ProjectId" scm.string, "CampaignId" scm.string,
  "URL" scm.string,
  "DeliveryAddressName" scm.string, "DeliveryAddressDescription" scm.string, "DeliveryAddressLocationId" scm.string,
  "DeliveryAddressStreet" scm.string, "DeliveryAddressStreetNumber" scm.string, "DeliveryAddressCity" scm.string,
  "DeliveryAddressZipCode" scm.string, "DeliveryAddressStateId" scm.string, "DeliveryAddressCountyId" scm.string,
  "DeliveryAddressDistrictName" scm.string, "DeliveryAddressCountryRegionId" scm.string,
  "DeliveryAddressCountryRegionISOCode" scm.string, "DeliveryAddressPostBox" scm.string,
  "DeliveryAddressDunsNumber" scm.string, "DeliveryAddressTimeZone" scm.string, "DeliveryBuildingCompliment" scm.string,
  "FormattedDelveryAddress" scm.string,
  "InvoiceAddressStreet" scm.string, "InvoiceAddressStreetNumber" scm.string, "InvoiceAddressCity" scm.string,
  "InvoiceAddressZipCode" scm.string, "InvoiceAddressStateId" scm.string, "InvoiceAddressCountyId" scm.string,
  "InvoiceAddressDistrictName" scm.string, "InvoiceAddressCountryRegionId" scm.string,
  "InvoiceAddressCountryRegionISOCode" scm.string, "InvoiceAddressPostBox" scm.string, "InvoiceAddressTimeZone" scm.string,
  "InvoiceBuildingCompliment" scm.string, "FormattedInvoiceAddress" scm.string,
  "OrderTotalAmount" scm.number, "OrderTotalDiscountAmount" scm.number, "OrderTotalTaxAmount" scm.number,
  "OrderHeaderTaxAmount" scm.number, "OrderTotalChargesAmount" scm.number, "TotalDiscountAmount" scm.number,
  "TotalDiscountPercentage" scm.number, "DeliveryAddressLatitude" scm.number, "DeliveryAddressLongitude" scm.number,
  "InvoiceAddressLatitude" scm.number, "InvoiceAddressLongitude" scm.number, "FixedExchangeRate" scm.number,
  "OrderCreationDateTime" scm.moment, "RequestedShippingDate" scm.moment, "RequestedReceiptDate" scm.moment,
  "ConfirmedShippingDate" scm.moment, "ConfirmedReceiptDate" scm.moment, "PaymentTermsBaseDate" scm.moment,
  "FixedDueDate" scm.moment,
  "IsSalesProcessingStopped" scm.yesno, "ArePricesIncludingSalesTax" scm.yesno, "AreTotalsCalculated" scm.yesno default 'Yes',
  "IsDeliveryAddressOrderSpecific" scm.yesno, "IsDeliveryAddressPrivate" scm.yesno, "IsInvoiceAddressPrivate" scm.yesno,
  "IsOneTimeCustomer" scm.yesno, "OverrideSalesTax" scm.yesno,
  unique ("dataAreaId", "SalesOrderNumber"),
  check ("SalesOrderNumber" <> ''),
  foreign key ("dataAreaId", "OrderingCustomerAccountNumber") references scm.customer ("dataAreaId", "CustomerAccount"),
  foreign key ("dataAreaId", "InvoiceCustomerAccountNumber") references scm.customer ("dataAreaId", "CustomerAccount"),
  foreign key ("CurrencyCode") references scm.currency ("CurrencyCode"),
  check ("SalesOrderStatus" in ('None', 'Backorder', 'Delivered', 'Invoiced', 'Canceled')),
  check ("SalesOrderProcessingStatus" in ('Active', 'Confirmed', 'Picked', 'PartiallyDelivered', 'Delivered', 'Invoiced',
    'PartiallyInvoiced', 'Canceled', 'DeliveredPartiallyInvoiced')),
  check ("DocumentStatus" in ('None', 'Confirmation', 'PickingList', 'PackingSlip', 'Invoice'))
);
create index on scm.sales_order_header ("dataAreaId", "OrderingCustomerAccountNumber");
create index on scm.sales_order_header ("dataAreaId", "InvoiceCustomerAccountNumber");
create index on scm.sales_order_header ("CustomersOrderReference") where "CustomersOrderReference" <> '';
create index on scm.sales_order_header ("CustomerRequisitionNumber") where "CustomerRequisitionNumber" <> '';

-- "DeliveredQuantity", "RemainingDeliveryQuantity" and "InvoicedQuantity" are the seller's extension: the public line entity
-- lacks them. Ordered = delivered + remaining, save where a remainder was cancelled.
create table scm.sales_order_line (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "dataAreaId" scm.string, "InventoryLotId" scm.string, "SalesOrderNumber" scm.string,
  "SalesOrderLineStatus" scm.string default 'Backorder', "SalesOrderProcessingStatus" scm.string default 'Active',
  "ItemNumber" scm.string, "ProductNumber" scm.string, "ProductName" scm.string, "LineDescription" scm.string,
  "ExternalItemNumber" scm.string, "SalesUnitSymbol" scm.string, "CurrencyCode" scm.string, "ShippingSiteId" scm.string,
  "ShippingWarehouseId" scm.string, "ProductColorId" scm.string, "ProductConfigurationId" scm.string,
  "ProductSizeId" scm.string, "ProductStyleId" scm.string, "ProductVersionId" scm.string, "ItemBatchNumber" scm.string,
  "ItemSerialNumber" scm.string, "OrderedInventoryStatusId" scm.string, "SalesProductCategoryName" scm.string,
  "SalesProductCategoryHierarchyName" scm.string, "DeliveryModeCode" scm.string, "DeliveryTermsId" scm.string,
  "SalesOrderPromisingMethod" scm.string default 'None', "InventoryReservationMethod" scm.string default 'None',
  "SalesTaxGroupCode" scm.string, "SalesTaxItemGroupCode" scm.string, "OrderLineReference" scm.string,
  "CustomerRequisitionNumber" scm.string, "SalesOrderOriginType" scm.string, "ProjectId" scm.string,
  "ProjectCategoryId" scm.string, "ProjectLinePropertyId" scm.string,
  "DeliveryAddressName" scm.string, "DeliveryAddressDescription" scm.string, "DeliveryAddressLocationId" scm.string,
  "DeliveryAddressStreet" scm.string, "DeliveryAddressStreetNumber" scm.string, "DeliveryAddressCity" scm.string,
  "DeliveryAddressZipCode" scm.string, "DeliveryAddressStateId" scm.string, "DeliveryAddressCountyId" scm.string,
  "DeliveryAddressDistrictName" scm.string, "DeliveryAddressCountryRegionId" scm.string,
  "DeliveryAddressCountryRegionISOCode" scm.string, "DeliveryAddressPostBox" scm.string,
  "DeliveryAddressDunsNumber" scm.string, "DeliveryAddressTimeZone" scm.string, "DeliveryBuildingCompliment" scm.string,
  "FormattedDeliveryAddress" scm.string, "FormattedDelveryAddress" scm.string,
  "LineNumber" scm.number, "OrderedSalesQuantity" scm.number, "SalesPrice" scm.number,
  "SalesPriceQuantity" scm.number default '1', "LineAmount" scm.number, "LineDiscountAmount" scm.number,
  "LineDiscountPercentage" scm.number, "MultilineDiscountAmount" scm.number, "MultilineDiscountPercentage" scm.number,
  "FixedPriceCharges" scm.number, "TotalDiscountAmount" scm.number, "TotalChargesAmount" scm.number,
  "TotalTaxAmount" scm.number, "PickedQuantity" scm.number, "DeliveredQuantity" scm.number,
  "RemainingDeliveryQuantity" scm.number, "InvoicedQuantity" scm.number, "SalesDeliverNow" scm.number,
  "AllowedOverdeliveryPercentage" scm.number, "AllowedUnderdeliveryPercentage" scm.number,
  "DeliveryAddressLatitude" scm.number, "DeliveryAddressLongitude" scm.number,
  "LineCreationSequenceNumber" scm.whole, "CustomersLineNumber" scm.whole,
  "RequestedShippingDate" scm.moment, "RequestedReceiptDate" scm.moment, "ConfirmedShippingDate" scm.moment,
  "ConfirmedReceiptDate" scm.moment,
  "IsLineStopped" scm.yesno, "CalculateLineAmount" scm.yesno default 'Yes', "AreTotalsCalculated" scm.yesno default 'Yes',
  "IsPriceLocked" scm.yesno, "IsDeliveryAddressOrderSpecific" scm.yesno, "IsDeliveryAddressPrivate" scm.yesno,
  "OverrideSalesTax" scm.yesno,
  unique ("dataAreaId", "InventoryLotId"),
  unique ("dataAreaId", "SalesOrderNumber", "LineCreationSequenceNumber"),
  check ("InventoryLotId" <> ''),
  foreign key ("dataAreaId", "SalesOrderNumber") references scm.sales_order_header ("dataAreaId", "SalesOrderNumber"),
  foreign key ("dataAreaId", "ItemNumber") references scm.released_product ("dataAreaId", "ItemNumber"),
  foreign key ("SalesUnitSymbol") references scm.unit_of_measure ("UnitSymbol"),
  check ("SalesOrderLineStatus" in ('None', 'Backorder', 'Delivered', 'Invoiced', 'Canceled')),
  check ("SalesPriceQuantity" > 0),
  check ("DeliveredQuantity" >= 0 and "RemainingDeliveryQuantity" >= 0 and "InvoicedQuantity" between 0 and
    "DeliveredQuantity")
);
create index on scm.sales_order_line ("dataAreaId", "ItemNumber");

-- Source document numbers: the keys of packing slips and of their lines.
create sequence scm.source_document as bigint start 5637144576;

-- Names as in CustPackingSlipJourBiEntities.
create table scm.packing_slip (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "SourceDocumentHeader" bigint not null default nextval('scm.source_document'),
  "dataAreaId" scm.string, "PackingSlipId" scm.string, "InternalPackingSlipId" scm.string, "SalesId" scm.string,
  "OrderAccount" scm.string, "InvoiceAccount" scm.string, "DeliveryName" scm.string, "DlvMode" scm.string,
  "DlvTerm" scm.string, "InventLocationId" scm.string, "CustomerRef" scm.string, "PurchaseOrder" scm.string,
  "LedgerVoucher" scm.string, "ShipCarrierId" scm.string, "BillOfLadingId" scm.string, "LanguageId" scm.string,
  "SalesType" scm.string default 'Sales', "ReturnItemNum" scm.string,
  "Qty" scm.number, "Weight" scm.number, "Volume" scm.number,
  "DeliveryDate" scm.moment, "DocumentDate" scm.moment, "CreatedOn" scm.moment,
  "Printed" scm.yesno,
  unique ("dataAreaId", "SourceDocumentHeader"),
  unique ("dataAreaId", "PackingSlipId"),
  foreign key ("dataAreaId", "SalesId") references scm.sales_order_header ("dataAreaId", "SalesOrderNumber")
);
create index on scm.packing_slip ("dataAreaId", "SalesId");

-- Names as in table CustPackingSlipTrans, which CustPackingSlipTransBiEntities shows.
create table scm.packing_slip_line (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "SourceDocumentLine" bigint not null default nextval('scm.source_document'),
  "dataAreaId" scm.string, "PackingSlipId" scm.string, "SalesId" scm.string, "InventTransId" scm.string, "ItemId" scm.string,
  "Name" scm.string, "ExternalItemId" scm.string, "SalesUnit" scm.string, "InventSiteId" scm.string,
  "InventLocationId" scm.string,
  "LineNum" scm.number, "Qty" scm.number, "Ordered" scm.number, "Remain" scm.number,
  "DeliveryDate" scm.moment,
  unique ("dataAreaId", "SourceDocumentLine"),
  foreign key ("dataAreaId", "PackingSlipId") references scm.packing_slip ("dataAreaId", "PackingSlipId"),
  foreign key ("dataAreaId", "InventTransId") references scm.sales_order_line ("dataAreaId", "InventoryLotId")
);
create index on scm.packing_slip_line ("dataAreaId", "PackingSlipId");
create index on scm.packing_slip_line ("dataAreaId", "InventTransId");

-- "SettledAmount" and "DueDate" are not in the entity: the credit limit looks at what is not settled.
create table scm.sales_invoice_header (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "dataAreaId" scm.string, "InvoiceNumber" scm.string, "LedgerVoucher" scm.string, "SalesOrderNumber" scm.string,
  "InvoiceCustomerAccountNumber" scm.string, "OrderingCustomerAccountNumber" scm.string, "ContactPersonId" scm.string,
  "CurrencyCode" scm.string, "CustomersOrderReference" scm.string, "PaymentTermsName" scm.string,
  "DeliveryModeCode" scm.string, "DeliveryTermsCode" scm.string, "SalesOrderOriginCode" scm.string,
  "SalesOrderResponsiblePersonnelNumber" scm.string, "InvoiceAddressStreet" scm.string,
  "InvoiceAddressStreetNumber" scm.string, "InvoiceAddressCity" scm.string, "InvoiceAddressZipCode" scm.string,
  "InvoiceAddressState" scm.string, "InvoiceAddressCountryRegionId" scm.string,
  "InvoiceAddressCountryRegionISOCode" scm.string,
  "TotalInvoiceAmount" scm.number, "TotalTaxAmount" scm.number, "InvoiceHeaderTaxAmount" scm.number,
  "TotalChargeAmount" scm.number, "TotalDiscountAmount" scm.number, "TotalDiscountCustomerGroupCode" scm.number,
  "SettledAmount" scm.number,
  "InvoiceDate" scm.moment, "DueDate" scm.moment,
  unique ("dataAreaId", "InvoiceNumber", "InvoiceDate", "LedgerVoucher"),
  unique ("dataAreaId", "InvoiceNumber"),
  foreign key ("dataAreaId", "InvoiceCustomerAccountNumber") references scm.customer ("dataAreaId", "CustomerAccount"),
  foreign key ("CurrencyCode") references scm.currency ("CurrencyCode")
);
create index on scm.sales_invoice_header ("dataAreaId", "SalesOrderNumber");
create index on scm.sales_invoice_header ("dataAreaId", "InvoiceCustomerAccountNumber");

-- "SalesOrderNumber", "InventoryLotId" and "ItemNumber" tie the line to its order; the public entity has none of them.
create table scm.sales_invoice_line (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "dataAreaId" scm.string, "InvoiceNumber" scm.string, "LedgerVoucher" scm.string, "SalesOrderNumber" scm.string,
  "InventoryLotId" scm.string, "ItemNumber" scm.string, "ProductNumber" scm.string, "ProductName" scm.string,
  "ProductDescription" scm.string, "CurrencyCode" scm.string, "SalesUnitSymbol" scm.string, "InventorySiteId" scm.string,
  "InventoryWarehouseId" scm.string, "ProductSizeId" scm.string, "ProductColorId" scm.string,
  "ProductConfigurationId" scm.string, "ProductStyleId" scm.string, "ProductVersionId" scm.string,
  "ItemBatchNumber" scm.string, "OrderedInventoryStatusId" scm.string, "DimensionNumber" scm.string,
  "SalesProductCategoryName" scm.string, "SalesProductCategoryHierarchyName" scm.string,
  "InvoicedQuantity" scm.number, "SalesPrice" scm.number, "LineAmount" scm.number, "LineTotalDiscountAmount" scm.number,
  "LineTotalTaxAmount" scm.number, "LineTotalChargeAmount" scm.number,
  "LineCreationSequenceNumber" scm.whole,
  "InvoiceDate" scm.moment, "ConfirmedShippingDate" scm.moment,
  unique ("dataAreaId", "InvoiceNumber", "InvoiceDate", "LedgerVoucher", "LineCreationSequenceNumber"),
  foreign key ("dataAreaId", "InvoiceNumber", "InvoiceDate", "LedgerVoucher") references scm.sales_invoice_header
    ("dataAreaId", "InvoiceNumber", "InvoiceDate", "LedgerVoucher")
);
create index on scm.sales_invoice_line ("dataAreaId", "InventoryLotId") where "InventoryLotId" <> '';

select scm.capture(name)
  from unnest(array[
    'sales_order_header', 'sales_order_line', 'packing_slip', 'packing_slip_line', 'sales_invoice_header',
    'sales_invoice_line'
  ]) as name;
