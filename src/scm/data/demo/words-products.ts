/** English and French words for the products of the demo company. Prices are in US dollars for one sales unit. */
export type Variant = readonly [en: string, fr: string, factor: number]
export type Noun = { en: string; fr: string; price: number; variants: readonly Variant[] }
export type Category = {
  code: string
  en: string
  fr: string
  /** What it is for, to make a description. */
  useEn: string
  useFr: string
  /** Pieces in a box and boxes on a pallet; none when sold by the piece only. */
  packing: { box: number; pallet: number } | undefined
  /** The unit on the order form unless the buyer takes another. */
  unit: 'ea' | 'box' | 'h'
  nouns: readonly Noun[]
}

const same = (texts: string, from: number, step: number): Variant[] =>
  texts.split(',').map((text, index) => [text, text, from + index * step])

const WRENCHES = same('8 mm,10 mm,11 mm,13 mm,14 mm,16 mm,17 mm,19 mm,22 mm,24 mm', 0.8, 0.12)
const BITS = same('PH1,PH2,PH3,PZ1,PZ2,PZ3,TX10,TX20,TX25,TX30', 0.9, 0.03)
const DRILLS = same('3 mm,4 mm,5 mm,6 mm,8 mm,10 mm,12 mm,14 mm', 0.6, 0.25)
const BOLTS = same('M4 × 16,M5 × 20,M6 × 20,M6 × 30,M8 × 30,M8 × 40,M10 × 40,M10 × 60,M12 × 50,M12 × 80', 0.5, 0.28)
const SCREWS = same('3.5 × 25,3.5 × 35,4 × 30,4 × 40,4.5 × 50,5 × 60,5 × 80,6 × 100', 0.6, 0.2)
const NUTS = same('M4,M5,M6,M8,M10,M12,M16', 0.5, 0.25)
const SIZES: Variant[] = [
  ['size S', 'taille S', 1],
  ['size M', 'taille M', 1],
  ['size L', 'taille L', 1],
  ['size XL', 'taille XL', 1.05],
  ['size XXL', 'taille XXL', 1.1],
]
const GLOVES: Variant[] = [7, 8, 9, 10, 11].map((n) => [`size ${n}`, `taille ${n}`, 1])
const SHOES: Variant[] = [38, 39, 40, 41, 42, 43, 44, 45, 46].map((n) => [`size ${n}`, `pointure ${n}`, 1])
const BOXES = same(
  '200 × 150 × 100,300 × 200 × 150,300 × 300 × 200,400 × 300 × 200,400 × 300 × 300,600 × 400 × 300,600 × 400 × 400',
  0.5,
  0.35,
)
const WIDTHS = same('25 mm,38 mm,50 mm,75 mm', 0.7, 0.3)
const LENGTHS = same('1 m,2 m,3 m,5 m,10 m,20 m', 0.6, 0.5)
const LITRES = same('500 ml,1 l,5 l,20 l', 0.5, 1.6)
const COLOURS: Variant[] = [
  ['white', 'blanc', 1],
  ['black', 'noir', 1],
  ['grey', 'gris', 1],
  ['blue', 'bleu', 1],
  ['red', 'rouge', 1.02],
  ['yellow', 'jaune', 1.02],
  ['green', 'vert', 1.02],
]
const GRITS: Variant[] = [40, 60, 80, 120, 180, 240].map((n) => [`grit ${n}`, `grain ${n}`, 1])
const LOADS = same('150 kg,250 kg,300 kg,500 kg', 0.7, 0.4)
const STEPS: Variant[] = [3, 4, 5, 6, 8, 10].map((n) => [`${n} steps`, `${n} marches`, 0.5 + n / 8])
const PLAIN: Variant[] = [
  ['standard', 'standard', 1],
  ['heavy duty', 'renforcé', 1.45],
  ['compact', 'compact', 0.8],
]

const noun = (en: string, fr: string, price: number, variants: readonly Variant[]): Noun => ({ en, fr, price, variants })

export const categories: readonly Category[] = [
  {
    code: 'HT',
    en: 'Hand tools',
    fr: 'Outillage à main',
    useEn: 'For daily work at the bench and on site.',
    useFr: "Pour le travail quotidien à l'établi et sur chantier.",
    packing: { box: 6, pallet: 60 },
    unit: 'ea',
    nouns: [
      noun('Combination wrench', 'Clé mixte', 8.4, WRENCHES),
      noun('Ratchet wrench', 'Clé à cliquet', 15.9, WRENCHES),
      noun('Socket, 1/2" drive,', 'Douille, carré 1/2",', 5.2, WRENCHES),
      noun('Hex key', 'Clé six pans', 2.9, same('2 mm,2.5 mm,3 mm,4 mm,5 mm,6 mm,8 mm,10 mm', 0.7, 0.12)),
      noun('Screwdriver', 'Tournevis', 6.1, BITS),
      noun('Insulated screwdriver', 'Tournevis isolé 1000 V', 9.8, BITS),
      noun('Claw hammer', 'Marteau arrache-clou', 21.5, PLAIN),
      noun('Rubber mallet', 'Maillet caoutchouc', 13.2, PLAIN),
      noun('Combination pliers', 'Pince universelle', 17.4, same('160 mm,180 mm,200 mm', 0.9, 0.15)),
      noun('Side cutters', 'Pince coupante', 18.9, same('125 mm,160 mm,180 mm', 0.9, 0.15)),
      noun('Spirit level', 'Niveau à bulle', 19.5, same('40 cm,60 cm,80 cm,120 cm', 0.8, 0.3)),
      noun('Tape measure', 'Mètre ruban', 7.9, same('3 m,5 m,8 m', 0.7, 0.35)),
    ],
  },
  {
    code: 'PT',
    en: 'Power tools',
    fr: 'Outillage électroportatif',
    useEn: 'Delivered in a case, with two batteries where cordless.',
    useFr: 'Livré en coffret, avec deux batteries pour les modèles sans fil.',
    packing: { box: 4, pallet: 24 },
    unit: 'ea',
    nouns: [
      noun('Cordless drill 18 V', 'Perceuse sans fil 18 V', 149, PLAIN),
      noun('Impact driver 18 V', 'Visseuse à chocs 18 V', 169, PLAIN),
      noun('Angle grinder', "Meuleuse d'angle", 89, same('115 mm,125 mm,150 mm,230 mm', 0.9, 0.3)),
      noun('Rotary hammer', 'Perforateur', 219, PLAIN),
      noun('Jigsaw', 'Scie sauteuse', 119, PLAIN),
      noun('Orbital sander', 'Ponceuse orbitale', 99, PLAIN),
      noun('Battery 18 V', 'Batterie 18 V', 62, same('2 Ah,4 Ah,5 Ah,8 Ah', 0.7, 0.4)),
      noun('Industrial vacuum', 'Aspirateur industriel', 289, same('20 l,30 l,50 l', 0.9, 0.3)),
    ],
  },
  {
    code: 'AC',
    en: 'Abrasives and bits',
    fr: 'Abrasifs et forets',
    useEn: 'Long life in steel and stainless steel.',
    useFr: "Longue durée de vie dans l'acier et l'inox.",
    packing: { box: 10, pallet: 120 },
    unit: 'ea',
    nouns: [
      noun('HSS drill bit', 'Foret HSS', 2.6, DRILLS),
      noun('Cobalt drill bit', 'Foret cobalt', 4.9, DRILLS),
      noun('Masonry drill bit', 'Foret à béton', 3.8, DRILLS),
      noun('Cutting disc 125 mm', 'Disque à tronçonner 125 mm', 2.1, PLAIN),
      noun('Flap disc', 'Disque à lamelles', 3.9, GRITS),
      noun('Sanding sheet', 'Feuille abrasive', 0.9, GRITS),
      noun('Sanding belt', 'Bande abrasive', 3.4, GRITS),
      noun('Screwdriver bit 25 mm', 'Embout 25 mm', 1.2, BITS),
      noun('Screwdriver bit 50 mm', 'Embout 50 mm', 1.9, BITS),
      noun('Hole saw', 'Scie cloche', 14.5, same('32 mm,44 mm,51 mm,68 mm,76 mm', 0.8, 0.2)),
    ],
  },
  {
    code: 'FA',
    en: 'Fasteners',
    fr: 'Fixations',
    useEn: 'Sold by the box.',
    useFr: 'Vendu par boîte.',
    packing: { box: 100, pallet: 200 },
    unit: 'box',
    nouns: [
      noun('Hex bolt, zinc plated,', 'Vis hexagonale zinguée', 14, BOLTS),
      noun('Hex bolt, stainless A2,', 'Vis hexagonale inox A2', 29, BOLTS),
      noun('Socket head screw 8.8', 'Vis CHC 8.8', 17, BOLTS),
      noun('Countersunk screw, stainless A2,', 'Vis à tête fraisée inox A2', 24, BOLTS),
      noun('Chipboard screw', 'Vis à bois aggloméré', 7.5, SCREWS),
      noun('Decking screw, stainless,', 'Vis terrasse inox', 19, SCREWS),
      noun('Hex nut, zinc plated,', 'Écrou hexagonal zingué', 5.5, NUTS),
      noun('Lock nut, stainless A2,', 'Écrou frein inox A2', 12, NUTS),
      noun('Flat washer, zinc plated,', 'Rondelle plate zinguée', 3.2, NUTS),
      noun('Spring washer', 'Rondelle Grower', 3.6, NUTS),
      noun('Threaded rod 1 m', 'Tige filetée 1 m', 32, NUTS),
      noun('Wall plug', 'Cheville nylon', 6.2, same('6 mm,8 mm,10 mm,12 mm', 0.7, 0.35)),
      noun('Blind rivet', 'Rivet aveugle', 8.8, same('3.2 × 8,4 × 10,4.8 × 12,4.8 × 16', 0.8, 0.2)),
    ],
  },
  {
    code: 'SG',
    en: 'Safety gear',
    fr: 'Équipements de protection',
    useEn: 'Conforms to the European standards for personal protective equipment.',
    useFr: 'Conforme aux normes européennes des équipements de protection individuelle.',
    packing: { box: 12, pallet: 48 },
    unit: 'ea',
    nouns: [
      noun('Mechanic gloves', 'Gants de mécanicien', 11.9, GLOVES),
      noun('Cut-resistant gloves', 'Gants anti-coupure', 14.5, GLOVES),
      noun('Nitrile gloves, box of 100,', 'Gants nitrile, boîte de 100,', 13.8, GLOVES),
      noun('Safety shoes S3', 'Chaussures de sécurité S3', 74, SHOES),
      noun('Safety boots S5', 'Bottes de sécurité S5', 39, SHOES),
      noun('High-visibility vest', 'Gilet haute visibilité', 6.9, SIZES),
      noun('High-visibility jacket', 'Veste haute visibilité', 59, SIZES),
      noun('Work trousers', 'Pantalon de travail', 44, SIZES),
      noun('Safety helmet', 'Casque de chantier', 18.5, COLOURS),
      noun('Safety glasses', 'Lunettes de protection', 7.4, PLAIN),
      noun('Ear defenders', 'Casque antibruit', 21, PLAIN),
      noun('FFP2 mask', 'Masque FFP2', 1.9, PLAIN),
    ],
  },
  {
    code: 'PK',
    en: 'Packaging',
    fr: 'Emballage',
    useEn: 'Recyclable. Delivered flat or on rolls.',
    useFr: 'Recyclable. Livré à plat ou en rouleaux.',
    packing: { box: 25, pallet: 40 },
    unit: 'box',
    nouns: [
      noun('Cardboard box, single wall,', 'Carton simple cannelure', 18, BOXES),
      noun('Cardboard box, double wall,', 'Carton double cannelure', 31, BOXES),
      noun('Packing tape, clear,', 'Ruban adhésif transparent', 34, WIDTHS),
      noun('Packing tape, brown,', 'Ruban adhésif havane', 32, WIDTHS),
      noun('Stretch film', 'Film étirable', 79, PLAIN),
      noun('Bubble wrap', 'Film à bulles', 41, same('30 cm,50 cm,100 cm', 0.7, 0.4)),
      noun('Document pouch', 'Pochette porte-documents', 22, same('C6,C5,DL', 1, 0.2)),
      noun('Mailing bag', "Sachet d'expédition", 26, same('230 × 325,300 × 400,400 × 500', 0.8, 0.3)),
    ],
  },
  {
    code: 'ST',
    en: 'Storage and handling',
    fr: 'Stockage et manutention',
    useEn: 'Powder coated steel, ready to assemble.',
    useFr: 'Acier laqué époxy, prêt à monter.',
    packing: undefined,
    unit: 'ea',
    nouns: [
      noun('Hand truck', 'Diable', 89, LOADS),
      noun('Platform trolley', 'Chariot plateforme', 159, LOADS),
      noun('Workshop trolley', "Servante d'atelier", 249, COLOURS),
      noun('Shelving unit', 'Rayonnage', 119, LOADS),
      noun('Storage bin', 'Bac de rangement', 6.5, COLOURS),
      noun('Step ladder', 'Escabeau', 69, STEPS),
      noun('Bench vise', "Étau d'établi", 98, same('100 mm,125 mm,150 mm,175 mm', 0.8, 0.25)),
      noun('Workbench', 'Établi', 329, same('1.5 m,1.8 m,2 m,2.5 m', 0.9, 0.15)),
      noun('Pallet truck 2500 kg', 'Transpalette 2500 kg', 429, PLAIN),
    ],
  },
  {
    code: 'EL',
    en: 'Electrical',
    fr: 'Électricité',
    useEn: 'For indoor and outdoor installations.',
    useFr: 'Pour installations intérieures et extérieures.',
    packing: { box: 10, pallet: 80 },
    unit: 'ea',
    nouns: [
      noun('Extension lead 3 × 1.5', 'Rallonge 3 × 1,5', 14, LENGTHS),
      noun('Cable H07RN-F 3 × 2.5', 'Câble H07RN-F 3 × 2,5', 19, LENGTHS),
      noun('LED floodlight', 'Projecteur LED', 34, same('10 W,20 W,30 W,50 W,100 W', 0.6, 0.35)),
      noun('Cable tie, bag of 100,', 'Collier de câblage, sachet de 100,', 3.9, same('100 mm,200 mm,300 mm,370 mm', 0.6, 0.4)),
      noun('Junction box', 'Boîte de dérivation', 4.2, same('80 × 80,100 × 100,150 × 110', 0.8, 0.4)),
      noun('Insulating tape', 'Ruban isolant', 1.6, COLOURS),
      noun('Work light', 'Lampe de chantier', 46, PLAIN),
    ],
  },
  {
    code: 'CH',
    en: 'Chemicals and cleaning',
    fr: 'Produits chimiques et entretien',
    useEn: 'See the safety data sheet before use.',
    useFr: "Consulter la fiche de données de sécurité avant l'emploi.",
    packing: { box: 6, pallet: 60 },
    unit: 'ea',
    nouns: [
      noun('Degreaser', 'Dégraissant', 9.2, LITRES),
      noun('Cutting oil', 'Huile de coupe', 12.4, LITRES),
      noun('Hand cleaner', "Savon d'atelier", 7.8, LITRES),
      noun('Glass cleaner', 'Nettoyant vitres', 4.6, LITRES),
      noun('Floor cleaner', 'Nettoyant sols', 6.3, LITRES),
      noun('Penetrating oil', 'Dégrippant', 6.9, same('200 ml,400 ml,500 ml', 0.8, 0.3)),
      noun('Silicone sealant', 'Mastic silicone', 5.4, COLOURS),
      noun('Spray paint', 'Peinture aérosol', 8.1, COLOURS),
      noun('Wiping roll', "Bobine d'essuyage", 11.5, PLAIN),
    ],
  },
  {
    code: 'SV',
    en: 'Services',
    fr: 'Services',
    useEn: 'Carried out in our workshop or at your site, by appointment.',
    useFr: 'Réalisé dans notre atelier ou sur votre site, sur rendez-vous.',
    packing: undefined,
    unit: 'h',
    nouns: [
      noun('Tool calibration', "Étalonnage d'outils", 95, PLAIN),
      noun('Blade sharpening', 'Affûtage de lames', 62, PLAIN),
      noun('Site training', 'Formation sur site', 140, PLAIN),
    ],
  },
]

/** Makers whose products keep their French name in every company. */
export const frenchLines: readonly (readonly [name: string, description: string, price: number])[] = [
  ["Coffret d'outils « L'Atelier », 108 pièces", 'The complete French workshop case, made in Thiers.', 189],
  ['Pince-étau « Bretagne » 250 mm', 'Locking pliers, forged in Brittany.', 27.5],
  ['Couteau de chantier « Laguiole » inox', 'Folding site knife with corkscrew.', 34],
  ["Huile d'olive technique « Provence » 5 l", 'Plant-based release oil for moulds.', 48],
  ["Établi pliant « Côte d'Azur »", 'Folding bench, oiled beech.', 259],
  ['Brouette « Forêt-Noire » 100 l', 'Steel wheelbarrow with solid tyre.', 119],
  ['Mètre pliant hêtre « Jura » 2 m', 'Folding rule in beech.', 9.8],
  ['Gants « Préalpes » cuir pleine fleur', 'Full-grain leather gloves.', 16.9],
]
