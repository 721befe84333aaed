export const firstNames = {
  US: 'James,Mary,Robert,Patricia,Michael,Linda,David,Elizabeth,William,Susan,Carlos,Maria,Kevin,Nancy,Brian,Lisa,Eric,Karen,Tyler,Megan'.split(
    ',',
  ),
  FR: 'Camille,Louis,Chloé,Hugo,Manon,Jules,Léa,Arthur,Inès,Gabriel,Zoé,Étienne,Anaïs,Benoît,Hélène,François,Océane,Théo,Margaux,Rémi'.split(
    ',',
  ),
  GB: 'Oliver,Amelia,George,Isla,Harry,Ava,Jack,Emily,Noah,Grace,Arthur,Poppy,Callum,Freya,Rhys,Imogen,Ewan,Daisy,Alfie,Niamh'.split(
    ',',
  ),
}

export const lastNames = {
  US: 'Smith,Johnson,Garcia,Miller,Davis,Rodriguez,Wilson,Anderson,Thomas,Moore,Jackson,Martin,Lee,Perez,Thompson,White,Harris,Clark,Lewis,Walker'.split(
    ',',
  ),
  FR: 'Martin,Bernard,Dubois,Thomas,Robert,Petit,Durand,Leroy,Moreau,Lefèvre,Mercier,Garnier,Faure,Rousseau,Blanc,Guérin,Boyer,Chevalier,Gautier,Périer'.split(
    ',',
  ),
  GB: 'Jones,Taylor,Brown,Williams,Evans,Roberts,Wright,Hughes,Green,Hall,Wood,Clarke,Patel,Khan,Davies,Cooper,Ward,Turner,Campbell,Stewart'.split(
    ',',
  ),
}

export const jobs = [
  'Buyer',
  'Purchasing manager',
  'Workshop manager',
  'Accounts payable',
  'Site manager',
  'Maintenance lead',
  'Owner',
  'Warehouse manager',
]

export const companyWords = {
  US: {
    first:
      'Northwind,Pioneer,Summit,Lakeside,Redwood,Granite,Prairie,Harbor,Liberty,Keystone,Bluestone,Canyon,Evergreen,Frontier,Cascade,Ironwood,Riverbend,Stonegate,Westfield,Golden'.split(
        ',',
      ),
    second:
      'Industrial,Builders,Hardware,Mechanical,Fabrication,Manufacturing,Construction,Maintenance,Supply,Machine Works,Roofing,Electric'.split(
        ',',
      ),
    form: ['Inc.', 'LLC', 'Corp.', 'Co.'],
  },
  FR: {
    first:
      'Atelier,Ateliers,Mécanique,Chaudronnerie,Menuiserie,Bâtiment,Maçonnerie,Électricité,Charpentes,Serrurerie,Constructions,Maintenance'.split(
        ',',
      ),
    second:
      'du Rhône,de la Loire,Breton,Lyonnais,des Alpes,du Midi,Normand,Champenois,de Provence,Vosgien,du Nord,Aquitain,Savoyard,du Jura,Picard'.split(
        ',',
      ),
    form: ['SARL', 'SAS', 'SA', 'EURL'],
  },
  GB: {
    first:
      'Thames,Pennine,Mersey,Severn,Cotswold,Highland,Solent,Tyne,Cambrian,Dales,Fenland,Moorland,Albion,Wessex,Kentish'.split(
        ',',
      ),
    second:
      'Engineering,Joinery,Contractors,Fabrications,Tools,Building Services,Maintenance,Metalworks,Electrical,Roofing'.split(','),
    form: ['Ltd', 'plc', 'LLP'],
  },
}

type Place = { city: string; state: string; zip: string }

export const places: Readonly<Record<'US' | 'FR' | 'GB', readonly Place[]>> = {
  US: 'Seattle WA 98101,Portland OR 97204,Denver CO 80202,Austin TX 78701,Chicago IL 60601,Boston MA 02108,Atlanta GA 30303,Phoenix AZ 85004,Nashville TN 37201,Columbus OH 43215,Omaha NE 68102,Boise ID 83702'
    .split(',')
    .map(place),
  FR: 'Lyon . 69003,Paris . 75011,Nantes . 44000,Lille . 59800,Bordeaux . 33000,Grenoble . 38000,Rennes . 35000,Toulouse . 31000,Dijon . 21000,Annecy . 74000,Strasbourg . 67000,Marseille . 13008'
    .split(',')
    .map(place),
  GB: 'Leeds . LS1-4AP,Bristol . BS1-5TR,Glasgow . G2-1DY,Cardiff . CF10-1EP,Sheffield . S1-2BJ,Norwich . NR1-3QG,Exeter . EX1-1HS,York . YO1-7HH,Reading . RG1-2AG,Preston . PR1-2HE'
    .split(',')
    .map(place),
}

export const streets = {
  US: 'Main Street,Oak Avenue,Industrial Parkway,2nd Avenue,Mill Road,Commerce Drive,Depot Street,Harbor Boulevard'.split(','),
  FR: "rue de l'Industrie,avenue Jean Jaurès,rue des Forges,boulevard Victor Hugo,chemin du Moulin,rue Lavoisier,zone artisanale des Chênes".split(
    ',',
  ),
  GB: 'High Street,Station Road,Mill Lane,Foundry Way,Victoria Road,Canal Street,Riverside Park'.split(','),
}

function place(text: string): Place {
  const [city = '', state = '', zip = ''] = text.split(' ')
  return { city, state: state === '.' ? '' : state, zip: zip.replace('-', ' ') }
}
