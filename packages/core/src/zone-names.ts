// Names of the IANA database that `Intl.supportedValuesOf` leaves out: it lists one spelling a zone, often an older one
// (Asia/Calcutta, not Asia/Kolkata), and no links. Intl takes all of them in any case, but does not tell the right one.
const LINKS = `
  Africa/Asmara Africa/Timbuktu America/Argentina/Buenos_Aires America/Argentina/Catamarca
  America/Argentina/ComodRivadavia America/Argentina/Cordoba America/Argentina/Jujuy America/Argentina/Mendoza
  America/Atikokan America/Atka America/Ensenada America/Fort_Wayne America/Indiana/Indianapolis
  America/Kentucky/Louisville America/Knox_IN America/Montreal America/Nipigon America/Nuuk America/Pangnirtung
  America/Porto_Acre America/Rainy_River America/Rosario America/Santa_Isabel America/Shiprock America/Thunder_Bay
  America/Virgin America/Yellowknife Antarctica/South_Pole Asia/Ashkhabad Asia/Choibalsan Asia/Chongqing
  Asia/Chungking Asia/Dacca Asia/Harbin Asia/Ho_Chi_Minh Asia/Istanbul Asia/Kashgar Asia/Kathmandu Asia/Kolkata
  Asia/Macao Asia/Tel_Aviv Asia/Thimbu Asia/Ujung_Pandang Asia/Ulan_Bator Asia/Yangon Atlantic/Faroe
  Atlantic/Jan_Mayen Australia/ACT Australia/Canberra Australia/Currie Australia/LHI Australia/NSW Australia/North
  Australia/Queensland Australia/South Australia/Tasmania Australia/Victoria Australia/West Australia/Yancowinna
  Brazil/Acre Brazil/DeNoronha Brazil/East Brazil/West CET CST6CDT Canada/Atlantic Canada/Central Canada/Eastern
  Canada/Mountain Canada/Newfoundland Canada/Pacific Canada/Saskatchewan Canada/Yukon Chile/Continental
  Chile/EasterIsland Cuba EET EST EST5EDT Egypt Eire Etc/GMT Etc/GMT+0 Etc/GMT+1 Etc/GMT+10 Etc/GMT+11 Etc/GMT+12
  Etc/GMT+2 Etc/GMT+3 Etc/GMT+4 Etc/GMT+5 Etc/GMT+6 Etc/GMT+7 Etc/GMT+8 Etc/GMT+9 Etc/GMT-0 Etc/GMT-1 Etc/GMT-10
  Etc/GMT-11 Etc/GMT-12 Etc/GMT-13 Etc/GMT-14 Etc/GMT-2 Etc/GMT-3 Etc/GMT-4 Etc/GMT-5 Etc/GMT-6 Etc/GMT-7 Etc/GMT-8
  Etc/GMT-9 Etc/GMT0 Etc/Greenwich Etc/UCT Etc/UTC Etc/Universal Etc/Zulu Europe/Belfast Europe/Kyiv Europe/Nicosia
  Europe/Tiraspol Europe/Uzhgorod Europe/Zaporozhye GB GB-Eire GMT GMT+0 GMT-0 GMT0 Greenwich HST Hongkong Iceland
  Iran Israel Jamaica Japan Kwajalein Libya MET MST MST7MDT Mexico/BajaNorte Mexico/BajaSur Mexico/General NZ
  NZ-CHAT Navajo PRC PST8PDT Pacific/Chuuk Pacific/Johnston Pacific/Kanton Pacific/Pohnpei Pacific/Samoa Pacific/Yap
  Poland Portugal ROC ROK Singapore Turkey UCT US/Alaska US/Aleutian US/Arizona US/Central US/East-Indiana
  US/Eastern US/Hawaii US/Indiana-Starke US/Michigan US/Mountain US/Pacific US/Samoa UTC Universal W-SU WET Zulu
`

let names: ReadonlyMap<string, string> | undefined

/** Every zone name that this Node knows, in canonical case, by its lower-case form without underscores. */
export function zoneNames(): ReadonlyMap<string, string> {
  names ??= new Map(
    [...Intl.supportedValuesOf('timeZone'), ...LINKS.trim().split(/\s+/).filter(isKnown)].map((name) => [
      name.toLowerCase().replaceAll('_', ''),
      name,
    ]),
  )
  return names
}

/**
 * The zone name nearest to a lower-case text, or null when none is near: few typing mistakes away, or its last part
 * alone (`jakarta`).
 */
export function suggestName(key: string): string | null {
  // Three letters are an abbreviation (IST, CST): several zones go by each, so any suggestion would be a guess.
  if (key.length < 4 || !/[a-z]{3}/.test(key)) return null
  // GMT+15 is near Etc/GMT+1, which is nowhere near what was meant.
  if (/^(?:utc|gmt)[+-]?\d/.test(key)) return null
  let best: string | null = null
  let least = Math.min(3, Math.floor(key.length / 4)) + 1
  for (const [candidate, name] of zoneNames()) {
    const city = candidate.slice(candidate.lastIndexOf('/') + 1)
    const distance = Math.min(editDistance(key, candidate), key.includes('/') ? Infinity : editDistance(key, city))
    if (distance < least) {
      least = distance
      best = name
    }
  }
  return best
}

function isKnown(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false // An older Node: it does not have this name yet.
  }
}

/** How many letters must be put in, left out, replaced or swapped with the next to make `a` into `b`. */
function editDistance(a: string, b: string): number {
  let older: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const cost = Math.min(replaced, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row.push(swapped ? Math.min(cost, (older[j - 2] ?? 0) + 1) : cost)
    }
    older = previous
    previous = row
  }
  return previous[b.length] ?? 0
}
