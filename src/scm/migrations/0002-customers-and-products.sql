-- Customers, their addresses and contacts; products, their prices and stock.

-- One organization that buys. Addresses and electronic addresses are on the row, as CustomersV3 shows them.
create table scm.customer (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "dataAreaId" scm.string, "CustomerAccount" scm.string, "OrganizationName" scm.string, "NameAlias" scm.string,
  "KnownAs" scm.string, "PartyNumber" scm.string, "PartyType" scm.string default 'Organization', "PartyCountry" scm.string,
  "PartyState" scm.string, "CustomerGroupId" scm.string, "SalesCurrencyCode" scm.string,
  "LanguageId" scm.string default 'en-us', "InvoiceAccount" scm.string, "OnHoldStatus" scm.string default 'No',
  "CreditRating" scm.string, "SalesMemo" scm.string, "IdentificationNumber" scm.string, "OrganizationNumber" scm.string,
  "TaxExemptNumber" scm.string, "VendorAccount" scm.string, "ContactPersonId" scm.string, "PaymentTerms" scm.string,
  "PaymentMethod" scm.string, "PaymentDay" scm.string, "PaymentSchedule" scm.string, "DeliveryMode" scm.string,
  "DeliveryTerms" scm.string, "DiscountPriceGroupId" scm.string, "LineDiscountCode" scm.string,
  "MultiLineDiscountCode" scm.string, "TotalDiscountCode" scm.string, "SalesTaxGroup" scm.string, "SiteId" scm.string,
  "WarehouseId" scm.string, "SalesDistrict" scm.string, "LineOfBusinessId" scm.string, "EmployeeResponsibleNumber" scm.string,
  "InvoiceAddress" scm.string default 'InvoiceAccount',
  "AddressLocationId" scm.string, "AddressDescription" scm.string, "AddressStreet" scm.string,
  "AddressStreetNumber" scm.string, "AddressCity" scm.string, "AddressZipCode" scm.string, "AddressCounty" scm.string,
  "AddressState" scm.string, "AddressCountryRegionId" scm.string, "AddressCountryRegionISOCode" scm.string,
  "FullPrimaryAddress" scm.string,
  "DeliveryAddressLocationId" scm.string, "DeliveryAddressDescription" scm.string, "DeliveryAddressStreet" scm.string,
  "DeliveryAddressStreetNumber" scm.string, "DeliveryAddressCity" scm.string, "DeliveryAddressZipCode" scm.string,
  "DeliveryAddressCounty" scm.string, "DeliveryAddressState" scm.string, "DeliveryAddressCountryRegionId" scm.string,
  "DeliveryAddressCountryRegionISOCode" scm.string, "DeliveryAddressDistrictName" scm.string,
  "DeliveryAddressBuildingComplement" scm.string,
  "InvoiceAddressLocationId" scm.string, "InvoiceAddressDescription" scm.string, "InvoiceAddressStreet" scm.string,
  "InvoiceAddressStreetNumber" scm.string, "InvoiceAddressCity" scm.string, "InvoiceAddressZipCode" scm.string,
  "InvoiceAddressCounty" scm.string, "InvoiceAddressState" scm.string, "InvoiceAddressCountryRegionId" scm.string,
  "InvoiceAddressCountryRegionISOCode" scm.string, "InvoiceAddressDistrictName" scm.string,
  "InvoiceAddressBuildingComplement" scm.string,
  "PrimaryContactEmail" scm.string, "PrimaryContactEmailDescription" scm.string, "PrimaryContactPhone" scm.string,
  "PrimaryContactPhoneExtension" scm.string, "PrimaryContactPhoneDescription" scm.string, "PrimaryContactFax" scm.string,
  "PrimaryContactFaxExtension" scm.string, "PrimaryContactFaxDescription" scm.string, "PrimaryContactURL" scm.string,
  "PrimaryContactURLDescription" scm.string, "PrimaryContactTwitter" scm.string,
  "PrimaryContactTwitterDescription" scm.string, "PrimaryContactFacebook" scm.string,
  "PrimaryContactFacebookDescription" scm.string, "PrimaryContactLinkedIn" scm.string,
  "PrimaryContactLinkedInDescription" scm.string,
  "CreditLimit" scm.number, "DeliveryAddressLatitude" scm.number, "DeliveryAddressLongitude" scm.number,
  "InvoiceAddressLatitude" scm.number, "InvoiceAddressLongitude" scm.number,
  "OrganizationNumberOfEmployees" scm.whole, "PaymentTermsBaseDays" scm.whole,
  "CreditLimitIsMandatory" scm.yesno, "IsOneTimeCustomer" scm.yesno, "IsSalesTaxIncludedInPrices" scm.yesno,
  unique ("dataAreaId", "CustomerAccount"),
  check ("CustomerAccount" <> ''),
  foreign key ("dataAreaId", "CustomerGroupId") references scm.customer_group ("dataAreaId", "CustomerGroupId"),
  foreign key ("SalesCurrencyCode") references scm.currency ("CurrencyCode"),
  check ("OnHoldStatus" in ('No', 'Invoice', 'All', 'Payment', 'Requisition', 'Never', 'PurchOrder'))
);
create index on scm.customer ("dataAreaId", lower("OrganizationName"));

create table scm.customer_address (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "dataAreaId" scm.string, "CustomerAccount" scm.string, "AddressLocationId" scm.string, "AddressDescription" scm.string,
  "AddressLocationRoles" scm.string, "AddressStreet" scm.string, "AddressStreetNumber" scm.string, "AddressCity" scm.string,
  "AddressZipCode" scm.string, "AddressCounty" scm.string, "AddressDistrictName" scm.string, "AddressState" scm.string,
  "AddressCountryRegionId" scm.string, "AddressCountryRegionISOCode" scm.string, "AddressPostBox" scm.string,
  "AddressBuildingCompliment" scm.string, "AddressTimeZone" scm.string, "FormattedDeliveryAddress" scm.string,
  "AddressLatitude" scm.number, "AddressLongitude" scm.number,
  "AddressValidFrom" scm.moment, "AddressValidTo" scm.moment default '2154-12-31T23:59:59Z',
  "IsPrimary" scm.yesno, "IsPrivate" scm.yesno, "IsSimplifiedAddress" scm.yesno,
  unique ("dataAreaId", "CustomerAccount", "AddressLocationId"),
  foreign key ("dataAreaId", "CustomerAccount") references scm.customer ("dataAreaId", "CustomerAccount")
);

-- "AssociatedContactNumber" is the customer account when "AssociatedContactType" is Customer.
create table scm.contact_person (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "dataAreaId" scm.string, "ContactPersonId" scm.string, "ContactPersonPartyNumber" scm.string,
  "ContactPersonPartyType" scm.string default 'Person', "AssociatedContactType" scm.string default 'Customer',
  "AssociatedContactNumber" scm.string, "AssociatedPartyNumber" scm.string, "FirstName" scm.string, "MiddleName" scm.string,
  "LastName" scm.string, "EmploymentProfession" scm.string, "EmploymentDepartment" scm.string,
  "DecisionMakingRoleCode" scm.string, "Notes" scm.string, "Gender" scm.string default 'None',
  "MaritalStatus" scm.string default 'None', "SpouseName" scm.string, "GovernmentIdentificationNumber" scm.string,
  "ContactPersonResponsiblePersonnelNumber" scm.string, "LanguageId" scm.string,
  "PrimaryEmailAddress" scm.string, "PrimaryPhoneNumber" scm.string, "PrimaryFaxNumber" scm.string, "PrimaryURL" scm.string,
  "PrimaryFacebook" scm.string, "PrimaryLinkedIn" scm.string, "PrimaryTwitter" scm.string,
  "PrimaryAddressDescription" scm.string, "PrimaryAddressLocationRoles" scm.string, "PrimaryAddressStreet" scm.string,
  "PrimaryAddressStreetNumber" scm.string, "PrimaryAddressCity" scm.string, "PrimaryAddressZipCode" scm.string,
  "PrimaryAddressCountyId" scm.string, "PrimaryAddressStateId" scm.string, "PrimaryAddressCountryRegionId" scm.string,
  "PrimaryAddressCountryRegionISOCode" scm.string,
  "BirthDay" scm.whole, "BirthYear" scm.whole,
  "BirthMonth" scm.string default 'None',
  "IsInactive" scm.yesno, "IsReceivingDirectMail" scm.yesno, "IsContactPersonExternallyMaintained" scm.yesno,
  unique ("dataAreaId", "ContactPersonId"),
  check ("ContactPersonId" <> ''),
  foreign key ("dataAreaId") references scm.legal_entity ("DataArea")
);
create index on scm.contact_person ("dataAreaId", "AssociatedContactNumber");

-- A product that one company sells. The site and warehouse defaults and the sales stop are those of
-- ProductDefaultOrderSettings.
create table scm.released_product (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "dataAreaId" scm.string, "ItemNumber" scm.string, "ProductNumber" scm.string, "ProductName" scm.string,
  "ProductDescription" scm.string, "ProductSearchName" scm.string, "SearchName" scm.string,
  "ProductType" scm.string default 'Item', "ProductSubType" scm.string default 'Product', "ProductGroupId" scm.string,
  "ItemModelGroupId" scm.string, "StorageDimensionGroupName" scm.string, "TrackingDimensionGroupName" scm.string,
  "ProductDimensionGroupName" scm.string, "SalesProductCategoryName" scm.string,
  "SalesProductCategoryHierarchyName" scm.string, "CurrencyCode" scm.string,
  "InventoryUnitSymbol" scm.string, "SalesUnitSymbol" scm.string, "PurchaseUnitSymbol" scm.string, "BOMUnitSymbol" scm.string,
  "CatchWeightUnitSymbol" scm.string, "ProductColorId" scm.string, "ProductConfigurationId" scm.string,
  "ProductSizeId" scm.string, "ProductStyleId" scm.string, "ProductVersionId" scm.string,
  "FieldServiceProductType" scm.string default 'Inventory', "AlternativeItemNumber" scm.string,
  "PrimaryVendorAccountNumber" scm.string, "SalesSiteId" scm.string, "SalesWarehouseId" scm.string,
  "SalesSalesTaxItemGroupCode" scm.string, "IntrastatCommodityCode" scm.string, "OriginCountryRegionId" scm.string,
  "SalesPrice" scm.number, "SalesPriceQuantity" scm.number default '1', "SalesPricingPrecision" scm.number,
  "FixedSalesPriceCharges" scm.number, "SalesChargesQuantity" scm.number, "SalesOverdeliveryPercentage" scm.number,
  "SalesUnderdeliveryPercentage" scm.number, "UnitCost" scm.number, "UnitCostQuantity" scm.number default '1',
  "PurchasePrice" scm.number, "PurchasePriceQuantity" scm.number default '1', "NetProductWeight" scm.number,
  "TareProductWeight" scm.number, "ProductVolume" scm.number, "GrossDepth" scm.number, "GrossProductHeight" scm.number,
  "GrossProductWidth" scm.number, "ApproximateSalesTaxPercentage" scm.number,
  "SalesUnitDecimalPrecision" scm.whole, "ShelfLifePeriodDays" scm.whole, "BestBeforePeriodDays" scm.whole,
  "SalesPriceDate" scm.moment, "UnitCostDate" scm.moment, "SellStartDate" scm.moment, "SellEndDate" scm.moment,
  "ShipStartDate" scm.moment,
  "IsSalesProcessingStopped" scm.yesno, "IsSalesPriceIncludingCharges" scm.yesno, "IsSalesPriceAdjustmentAllowed" scm.yesno,
  "IsCatchWeightProduct" scm.yesno, "IsStockedProduct" scm.yesno default 'Yes',
  unique ("dataAreaId", "ItemNumber"),
  check ("ItemNumber" <> ''),
  foreign key ("dataAreaId") references scm.legal_entity ("DataArea"),
  foreign key ("SalesUnitSymbol") references scm.unit_of_measure ("UnitSymbol"),
  foreign key ("InventoryUnitSymbol") references scm.unit_of_measure ("UnitSymbol"),
  check ("SalesPriceQuantity" > 0)
);
create index on scm.released_product ("dataAreaId", "ProductNumber");

create table scm.product_translation (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "ProductNumber" scm.string, "LanguageId" scm.string, "ProductName" scm.string, "Description" scm.string,
  unique ("ProductNumber", "LanguageId")
);

-- A trade agreement. Who it is for: one customer, one price group or everybody ("AccountCode" Table, GroupId, All). "Price" is
-- per "SalesPriceQuantity" units of "QuantityUnitySymbol" (sic); "ToQuantity" 0 and no date mean no bound; both quantities:
-- from included, to excluded; both dates included.
create table scm.sales_price_agreement (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "RecordId" bigint not null generated always as (recid) stored unique,
  "dataAreaId" scm.string, "AccountCode" scm.string default 'All', "AccountRelation" scm.string,
  "CustomerAccountNumber" scm.string, "PriceCustomerGroupCode" scm.string, "ItemCode" scm.string default 'Table',
  "ItemRelation" scm.string, "ItemNumber" scm.string, "ProductNumber" scm.string, "PriceCurrencyCode" scm.string,
  "QuantityUnitySymbol" scm.string, "PriceSiteId" scm.string, "PriceWarehouseId" scm.string, "ProductColorId" scm.string,
  "ProductSizeId" scm.string, "ProductStyleId" scm.string, "ProductVersionId" scm.string, "ProductconfigurationId" scm.string,
  "AttributeBasedPricingId" scm.string, "InventDimId" scm.string,
  "Price" scm.number, "SalesPriceQuantity" scm.number default '1', "FromQuantity" scm.number, "ToQuantity" scm.number,
  "FixedPriceCharges" scm.number,
  "SalesLeadTimeDays" scm.whole,
  "PriceApplicableFromDate" scm.moment, "PriceApplicableToDate" scm.moment,
  "WillSearchContinue" scm.yesno default 'Yes', "IsGenericCurrencySearchEnabled" scm.yesno,
  "WillDeliveryDateControlDisregardLeadTime" scm.yesno,
  foreign key ("dataAreaId", "ItemNumber") references scm.released_product ("dataAreaId", "ItemNumber"),
  foreign key ("PriceCurrencyCode") references scm.currency ("CurrencyCode"),
  check ("SalesPriceQuantity" > 0),
  check ("AccountCode" in ('Table', 'GroupId', 'All'))
);
create index on scm.sales_price_agreement ("dataAreaId", "ItemNumber", "PriceCurrencyCode");

-- Quantities in the product's inventory unit: on hand − reserved = available. Picking reserves, the packing slip takes.
create table scm.warehouse_on_hand (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "dataAreaId" scm.string, "ItemNumber" scm.string, "ProductColorId" scm.string, "ProductConfigurationId" scm.string,
  "ProductSizeId" scm.string, "ProductStyleId" scm.string, "ProductVersionId" scm.string, "InventorySiteId" scm.string,
  "InventoryWarehouseId" scm.string, "ProductName" scm.string,
  "OnHandQuantity" scm.number, "ReservedOnHandQuantity" scm.number, "AvailableOnHandQuantity" scm.number,
  "OrderedQuantity" scm.number, "OnOrderQuantity" scm.number, "AvailableOrderedQuantity" scm.number,
  "ReservedOrderedQuantity" scm.number, "TotalAvailableQuantity" scm.number,
  "AreWarehouseManagementProcessesUsed" scm.yesno,
  unique ("dataAreaId", "ItemNumber", "InventoryWarehouseId", "InventorySiteId", "ProductColorId", "ProductConfigurationId",
    "ProductSizeId", "ProductStyleId", "ProductVersionId"),
  foreign key ("dataAreaId", "ItemNumber") references scm.released_product ("dataAreaId", "ItemNumber"),
  foreign key ("dataAreaId", "InventoryWarehouseId") references scm.warehouse ("dataAreaId", "WarehouseId")
);

select scm.capture(name)
  from unnest(array[
    'customer', 'customer_address', 'contact_person', 'released_product', 'product_translation', 'sales_price_agreement',
    'warehouse_on_hand'
  ]) as name;
