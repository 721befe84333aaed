-- The address book: parties, and the locations and electronic addresses that are theirs. Customers, their addresses and contact persons
-- keep their own columns; triggers keep the address book in step with them, whatever wrote them (domain/parties does the other way).

create sequence scm.party_number start 1;
create sequence scm.location_number start 1;
create sequence scm.electronic_address_number start 1;

create table scm.party (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "PartyNumber" text not null check ("PartyNumber" <> '') unique,
  "PartyType" scm.string default 'Organization', "NameAlias" scm.string, "KnownAs" scm.string, "LanguageId" scm.string,
  "OrganizationName" scm.string, "OrganizationNumber" scm.string, "OrganizationABCCode" scm.string default 'None',
  "PersonFirstName" scm.string, "PersonMiddleName" scm.string, "PersonLastName" scm.string,
  "PersonGender" scm.string default 'Unknown', "PersonMaritalStatus" scm.string default 'None',
  "PersonAnniversaryMonth" scm.string default 'None', "PersonBirthMonth" scm.string default 'None',
  "OrganizationNumOfEmployees" scm.whole, "PersonBirthDay" scm.whole, "PersonBirthYear" scm.whole,
  "PersonAnniversaryDay" scm.whole, "PersonAnniversaryYear" scm.whole,
  check ("PartyType" in ('Organization', 'Person', 'LegalEntity', 'Team', 'OperatingUnit', 'None'))
);

create table scm.postal_location (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "LocationId" text not null check ("LocationId" <> '') unique,
  "Description" scm.string
);

-- What the address of a location is from one moment to another; the last one is the current one.
create table scm.postal_address (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "LocationId" scm.string, "Description" scm.string, "Street" scm.string, "StreetNumber" scm.string, "City" scm.string,
  "State" scm.string, "ZipCode" scm.string, "County" scm.string, "CountryRegionId" scm.string,
  "CountryRegionISOCode" scm.string, "DistrictName" scm.string, "BuildingCompliment" scm.string, "PostBox" scm.string,
  "Address" scm.string, "TimeZone" scm.string, "Latitude" scm.number, "Longitude" scm.number,
  "ValidFrom" timestamptz not null, "ValidTo" timestamptz not null default '2154-12-31T23:59:59Z',
  "IsPrivate" scm.yesno,
  unique ("LocationId", "ValidFrom"),
  foreign key ("LocationId") references scm.postal_location ("LocationId") on delete cascade,
  check ("ValidFrom" < "ValidTo")
);

create table scm.party_location (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "PartyNumber" scm.string, "LocationId" scm.string, "Purpose" scm.string,
  "IsPrimary" scm.yesno, "IsLocationOwner" scm.yesno default 'Yes', "IsPrivate" scm.yesno,
  unique ("PartyNumber", "LocationId"),
  foreign key ("PartyNumber") references scm.party ("PartyNumber") on delete cascade,
  foreign key ("LocationId") references scm.postal_location ("LocationId") on delete cascade
);
create index on scm.party_location ("LocationId");

-- Numbers such as `<party>-Email` are the electronic addresses that stand on the customer or contact itself.
create table scm.party_contact (
  recid bigint generated always as identity primary key,
  recversion bigint not null default 1,
  modified_at timestamptz not null default clock_timestamp(),
  extra jsonb not null default '{}',
  "PartyNumber" scm.string, "ElectronicAddressId" scm.string, "Type" scm.string default 'Phone', "Locator" scm.string,
  "LocatorExtension" scm.string, "CountryRegionCode" scm.string, "Description" scm.string, "Purpose" scm.string,
  "LocationId" scm.string,
  "IsPrimary" scm.yesno, "IsPrivate" scm.yesno, "IsMobilePhone" scm.yesno, "IsInstantMessage" scm.yesno,
  unique ("PartyNumber", "ElectronicAddressId"),
  foreign key ("PartyNumber") references scm.party ("PartyNumber") on delete cascade,
  check ("Type" in ('None', 'Phone', 'Email', 'URL', 'Telex', 'Fax', 'Facebook', 'Twitter', 'LinkedIn'))
);

select scm.capture(name)
  from unnest(array['party', 'postal_location', 'postal_address', 'party_location', 'party_contact']) as name;

create index on scm.customer ("PartyNumber");
create index on scm.contact_person ("ContactPersonPartyNumber");
create index on scm.customer_address ("AddressLocationId");

-- Numbers that were given by hand are passed over.
create function scm.next_party_number() returns text language plpgsql as $$
declare
  number text;
begin
  loop
    number := 'P-' || lpad(nextval('scm.party_number')::text, 8, '0');
    exit when not exists (select from scm.party where "PartyNumber" = number);
  end loop;
  return number;
end $$;

create function scm.next_location_number() returns text language plpgsql as $$
declare
  number text;
begin
  loop
    number := 'L-' || lpad(nextval('scm.location_number')::text, 8, '0');
    exit when not exists (select from scm.postal_location where "LocationId" = number);
  end loop;
  return number;
end $$;

create function scm.put_party_contact(party text, kind text, locator text, extension text, description text) returns void language plpgsql as $$
begin
  if locator = '' then
    delete from scm.party_contact where "PartyNumber" = party and "ElectronicAddressId" = party || '-' || kind;
    return;
  end if;
  insert into scm.party_contact ("PartyNumber", "ElectronicAddressId", "Type", "Locator", "LocatorExtension", "Description", "IsPrimary")
  values (party, party || '-' || kind, kind, locator, extension, description, 'Yes')
  on conflict ("PartyNumber", "ElectronicAddressId") do update
    set "Locator" = excluded."Locator", "LocatorExtension" = excluded."LocatorExtension", "Description" = excluded."Description";
end $$;

create function scm.number_customer_party() returns trigger language plpgsql as $$
begin
  if new."PartyNumber" = '' then new."PartyNumber" := scm.next_party_number(); end if;
  return new;
end $$;
create trigger number_party before insert or update on scm.customer for each row execute function scm.number_customer_party();

create function scm.number_contact_party() returns trigger language plpgsql as $$
begin
  if new."ContactPersonPartyNumber" = '' then new."ContactPersonPartyNumber" := scm.next_party_number(); end if;
  return new;
end $$;
create trigger number_party before insert or update on scm.contact_person for each row execute function scm.number_contact_party();

create function scm.put_customer_party() returns trigger language plpgsql as $$
begin
  insert into scm.party ("PartyNumber", "PartyType", "OrganizationName", "OrganizationNumber", "OrganizationNumOfEmployees", "NameAlias",
                         "KnownAs", "LanguageId")
  values (new."PartyNumber", new."PartyType", new."OrganizationName", new."OrganizationNumber", new."OrganizationNumberOfEmployees",
          new."NameAlias", new."KnownAs", new."LanguageId")
  on conflict ("PartyNumber") do update
    set "PartyType" = excluded."PartyType", "OrganizationName" = excluded."OrganizationName",
        "OrganizationNumber" = excluded."OrganizationNumber", "OrganizationNumOfEmployees" = excluded."OrganizationNumOfEmployees",
        "NameAlias" = excluded."NameAlias", "KnownAs" = excluded."KnownAs", "LanguageId" = excluded."LanguageId";
  perform scm.put_party_contact(new."PartyNumber", 'Email', new."PrimaryContactEmail", '', new."PrimaryContactEmailDescription");
  perform scm.put_party_contact(new."PartyNumber", 'Phone', new."PrimaryContactPhone", new."PrimaryContactPhoneExtension",
                                new."PrimaryContactPhoneDescription");
  perform scm.put_party_contact(new."PartyNumber", 'Fax', new."PrimaryContactFax", new."PrimaryContactFaxExtension",
                                new."PrimaryContactFaxDescription");
  perform scm.put_party_contact(new."PartyNumber", 'URL', new."PrimaryContactURL", '', new."PrimaryContactURLDescription");
  return null;
end $$;
create trigger put_party after insert or update on scm.customer for each row execute function scm.put_customer_party();

create function scm.put_contact_party() returns trigger language plpgsql as $$
begin
  insert into scm.party ("PartyNumber", "PartyType", "PersonFirstName", "PersonMiddleName", "PersonLastName", "LanguageId")
  values (new."ContactPersonPartyNumber", 'Person', new."FirstName", new."MiddleName", new."LastName", new."LanguageId")
  on conflict ("PartyNumber") do update
    set "PersonFirstName" = excluded."PersonFirstName", "PersonMiddleName" = excluded."PersonMiddleName",
        "PersonLastName" = excluded."PersonLastName", "LanguageId" = excluded."LanguageId";
  perform scm.put_party_contact(new."ContactPersonPartyNumber", 'Email', new."PrimaryEmailAddress", '', '');
  perform scm.put_party_contact(new."ContactPersonPartyNumber", 'Phone', new."PrimaryPhoneNumber", '', '');
  perform scm.put_party_contact(new."ContactPersonPartyNumber", 'Fax', new."PrimaryFaxNumber", '', '');
  perform scm.put_party_contact(new."ContactPersonPartyNumber", 'URL', new."PrimaryURL", '', '');
  return null;
end $$;
create trigger put_party after insert or update on scm.contact_person for each row execute function scm.put_contact_party();

-- An address of a customer is the current address of its location. The location stays when the customer gives it up.
create function scm.put_customer_address() returns trigger language plpgsql as $$
declare
  party text;
begin
  if tg_op = 'DELETE' then
    delete from scm.party_location l using scm.customer c
     where c."dataAreaId" = old."dataAreaId" and c."CustomerAccount" = old."CustomerAccount"
       and l."PartyNumber" = c."PartyNumber" and l."LocationId" = old."AddressLocationId";
    return null;
  end if;
  select c."PartyNumber" into party from scm.customer c
   where c."dataAreaId" = new."dataAreaId" and c."CustomerAccount" = new."CustomerAccount";
  insert into scm.postal_location ("LocationId", "Description") values (new."AddressLocationId", new."AddressDescription")
  on conflict ("LocationId") do update set "Description" = excluded."Description";
  update scm.postal_address
     set "Description" = new."AddressDescription", "Street" = new."AddressStreet", "StreetNumber" = new."AddressStreetNumber",
         "City" = new."AddressCity", "State" = new."AddressState", "ZipCode" = new."AddressZipCode", "County" = new."AddressCounty",
         "CountryRegionId" = new."AddressCountryRegionId", "CountryRegionISOCode" = new."AddressCountryRegionISOCode",
         "DistrictName" = new."AddressDistrictName", "BuildingCompliment" = new."AddressBuildingCompliment",
         "PostBox" = new."AddressPostBox", "Address" = new."FormattedDeliveryAddress"
   where recid = (select recid from scm.postal_address where "LocationId" = new."AddressLocationId" order by "ValidFrom" desc limit 1);
  if not found then
    insert into scm.postal_address ("LocationId", "Description", "Street", "StreetNumber", "City", "State", "ZipCode", "County",
                                    "CountryRegionId", "CountryRegionISOCode", "DistrictName", "BuildingCompliment", "PostBox", "Address",
                                    "ValidFrom")
    values (new."AddressLocationId", new."AddressDescription", new."AddressStreet", new."AddressStreetNumber", new."AddressCity",
            new."AddressState", new."AddressZipCode", new."AddressCounty", new."AddressCountryRegionId", new."AddressCountryRegionISOCode",
            new."AddressDistrictName", new."AddressBuildingCompliment", new."AddressPostBox", new."FormattedDeliveryAddress",
            date_trunc('second', clock_timestamp()));
  end if;
  insert into scm.party_location ("PartyNumber", "LocationId", "Purpose", "IsPrimary", "IsPrivate")
  values (party, new."AddressLocationId", new."AddressLocationRoles", new."IsPrimary", new."IsPrivate")
  on conflict ("PartyNumber", "LocationId") do update
    set "Purpose" = excluded."Purpose", "IsPrimary" = excluded."IsPrimary", "IsPrivate" = excluded."IsPrivate";
  return null;
end $$;
create trigger put_address after insert or update or delete on scm.customer_address
  for each row execute function scm.put_customer_address();

-- Whoever is there already gets his place in the address book.
update scm.customer set "PartyNumber" = "PartyNumber";
update scm.contact_person set "ContactPersonPartyNumber" = "ContactPersonPartyNumber";
update scm.customer_address set "AddressLocationId" = "AddressLocationId" where "AddressLocationId" <> '';
