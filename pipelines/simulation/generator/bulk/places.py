"""Where people of a large community live and what they speak: a table, nothing is drawn here.

Regions are those of the warehouse (UN M49 sub-regions); a test holds them against its table of countries.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.simulation.generator.pontoon import LOCALES as SMALL_LOCALES
from pipelines.simulation.generator.pontoon import Locale


@dataclass(frozen=True)
class Place:
    """A country: ISO 3166 code, English name, region, share of people, home language, one city."""

    code: str
    name: str
    region: str
    weight: float
    locale: str
    zone: str
    city: str
    lat: float
    lon: float


LATIN = "latin_america_and_the_caribbean"
PLACES = (
    Place("DE", "Germany", "western_europe", 12, "de", "Europe/Berlin", "Berlin", 52.5, 13.4),
    Place("FR", "France", "western_europe", 9, "fr", "Europe/Paris", "Lyon", 45.8, 4.8),
    Place("NL", "Netherlands", "western_europe", 3, "nl", "Europe/Amsterdam", "Utrecht", 52.1, 5.1),
    Place("AT", "Austria", "western_europe", 2, "de", "Europe/Vienna", "Graz", 47.1, 15.4),
    Place("CH", "Switzerland", "western_europe", 2, "de", "Europe/Zurich", "Basel", 47.6, 7.6),
    Place("BE", "Belgium", "western_europe", 1, "nl", "Europe/Brussels", "Ghent", 51.1, 3.7),
    Place("IN", "India", "southern_asia", 15, "hi-IN", "Asia/Kolkata", "Pune", 18.5, 73.9),
    Place("BD", "Bangladesh", "southern_asia", 6, "bn", "Asia/Dhaka", "Dhaka", 23.8, 90.4),
    Place("PK", "Pakistan", "southern_asia", 2, "ur", "Asia/Karachi", "Lahore", 31.5, 74.3),
    Place("LK", "Sri Lanka", "southern_asia", 1, "si", "Asia/Colombo", "Kandy", 7.3, 80.6),
    Place("NP", "Nepal", "southern_asia", 1, "ne-NP", "Asia/Kathmandu", "Pokhara", 28.2, 84.0),
    Place("BR", "Brazil", LATIN, 12, "pt-BR", "America/Sao_Paulo", "Recife", -8.1, -34.9),
    Place("MX", "Mexico", LATIN, 5, "es", "America/Mexico_City", "Puebla", 19.0, -98.2),
    Place("AR", "Argentina", LATIN, 4, "es", "America/Argentina/Buenos_Aires", "Rosario", -32.9, -60.6),
    Place("CO", "Colombia", LATIN, 2, "es", "America/Bogota", "Cali", 3.4, -76.5),
    Place("CL", "Chile", LATIN, 1, "es", "America/Santiago", "Temuco", -38.7, -72.6),
    Place("PE", "Peru", LATIN, 1, "es", "America/Lima", "Cusco", -13.5, -72.0),
    Place("UY", "Uruguay", LATIN, 0.1, "es", "America/Montevideo", "Salto", -31.4, -58.0),
    Place("US", "United States", "northern_america", 16, "en-US", "America/Chicago", "Chicago", 41.9, -87.6),
    Place("CA", "Canada", "northern_america", 4, "en-US", "America/Toronto", "Toronto", 43.7, -79.4),
    Place("ID", "Indonesia", "south_eastern_asia", 9, "id", "Asia/Jakarta", "Bandung", -6.9, 107.6),
    Place("PH", "Philippines", "south_eastern_asia", 4, "en-US", "Asia/Manila", "Cebu", 10.3, 123.9),
    Place("VN", "Vietnam", "south_eastern_asia", 3, "vi", "Asia/Ho_Chi_Minh", "Hue", 16.5, 107.6),
    Place("MY", "Malaysia", "south_eastern_asia", 1, "ms", "Asia/Kuala_Lumpur", "Ipoh", 4.6, 101.1),
    Place("TH", "Thailand", "south_eastern_asia", 1, "th", "Asia/Bangkok", "Nan", 18.8, 100.8),
    Place("JP", "Japan", "eastern_asia", 5, "ja", "Asia/Tokyo", "Osaka", 34.7, 135.5),
    Place("CN", "China", "eastern_asia", 4, "zh-CN", "Asia/Shanghai", "Chengdu", 30.7, 104.1),
    Place("KR", "South Korea", "eastern_asia", 1, "ko", "Asia/Seoul", "Daegu", 35.9, 128.6),
    Place("PL", "Poland", "eastern_europe", 4, "pl", "Europe/Warsaw", "Poznan", 52.4, 16.9),
    Place("RU", "Russia", "eastern_europe", 5, "ru", "Europe/Moscow", "Kazan", 55.8, 49.1),
    Place("UA", "Ukraine", "eastern_europe", 2, "uk", "Europe/Kyiv", "Lviv", 49.8, 24.0),
    Place("CZ", "Czechia", "eastern_europe", 2, "cs", "Europe/Prague", "Brno", 49.2, 16.6),
    Place("HU", "Hungary", "eastern_europe", 1, "hu", "Europe/Budapest", "Pecs", 46.1, 18.2),
    Place("RO", "Romania", "eastern_europe", 1, "ro", "Europe/Bucharest", "Cluj", 46.8, 23.6),
    Place("GB", "United Kingdom", "northern_europe", 4, "en-US", "Europe/London", "Leeds", 53.8, -1.5),
    Place("SE", "Sweden", "northern_europe", 2, "sv-SE", "Europe/Stockholm", "Umea", 63.8, 20.3),
    Place("FI", "Finland", "northern_europe", 1, "fi", "Europe/Helsinki", "Oulu", 65.0, 25.5),
    Place("DK", "Denmark", "northern_europe", 1, "da", "Europe/Copenhagen", "Aarhus", 56.2, 10.2),
    Place("IT", "Italy", "southern_europe", 6, "it", "Europe/Rome", "Turin", 45.1, 7.7),
    Place("ES", "Spain", "southern_europe", 5, "es", "Europe/Madrid", "Valencia", 39.5, -0.4),
    Place("PT", "Portugal", "southern_europe", 2, "pt-PT", "Europe/Lisbon", "Braga", 41.5, -8.4),
    Place("GR", "Greece", "southern_europe", 1, "el", "Europe/Athens", "Patras", 38.2, 21.7),
    Place("SI", "Slovenia", "southern_europe", 1, "sl", "Europe/Ljubljana", "Kranj", 46.2, 14.4),
    Place("KE", "Kenya", "sub_saharan_africa", 3, "en-US", "Africa/Nairobi", "Nairobi", -1.3, 36.8),
    Place("NG", "Nigeria", "sub_saharan_africa", 4, "en-US", "Africa/Lagos", "Lagos", 6.5, 3.4),
    Place("GH", "Ghana", "sub_saharan_africa", 1, "en-US", "Africa/Accra", "Kumasi", 6.7, -1.6),
    Place("TR", "Turkey", "western_asia", 4, "tr", "Europe/Istanbul", "Izmir", 38.4, 27.1),
    Place("IL", "Israel", "western_asia", 1, "he", "Asia/Jerusalem", "Haifa", 32.8, 35.0),
    Place("SA", "Saudi Arabia", "western_asia", 1, "ar", "Asia/Riyadh", "Abha", 18.2, 42.5),
    Place("EG", "Egypt", "northern_africa", 1.5, "ar", "Africa/Cairo", "Tanta", 30.8, 31.0),
    Place(
        "AU", "Australia", "australia_and_new_zealand", 2, "en-US", "Australia/Hobart", "Hobart", -42.9, 147.3
    ),
)
REGIONS = tuple(sorted({place.region for place in PLACES}))

DECLINING, GROWING = LATIN, "sub_saharan_africa"
"""Regions whose number of contributors really changes in the last year and a half; no other's does."""

LESS_KEPT = "southern_asia"
"""The region that really keeps fewer of its newcomers; all others keep the same share."""

LOCALES = (
    *SMALL_LOCALES,
    Locale("ar", "Arabic", "rtl", "Arabic", 300_000_000),
    Locale("cs", "Czech", "ltr", "Latin", 11_000_000),
    Locale("da", "Danish", "ltr", "Latin", 5_600_000),
    Locale("el", "Greek", "ltr", "Greek", 12_000_000),
    Locale("fi", "Finnish", "ltr", "Latin", 5_200_000),
    Locale("he", "Hebrew", "rtl", "Hebrew", 8_000_000),
    Locale("hu", "Hungarian", "ltr", "Latin", 11_000_000),
    Locale("ko", "Korean", "ltr", "Korean", 78_000_000),
    Locale("ms", "Malay", "ltr", "Latin", 19_000_000),
    Locale("ne-NP", "Nepali", "ltr", "Devanagari", 19_000_000),
    Locale("pt-PT", "Portuguese (Portugal)", "ltr", "Latin", 11_000_000),
    Locale("ro", "Romanian", "ltr", "Latin", 21_000_000),
    Locale("ru", "Russian", "ltr", "Cyrillic", 193_000_000),
    Locale("si", "Sinhala", "ltr", "Sinhala", 16_000_000),
    Locale("sl", "Slovenian", "ltr", "Latin", 2_100_000),
    Locale("sv-SE", "Swedish", "ltr", "Latin", 10_000_000),
    Locale("th", "Thai", "ltr", "Thai", 55_000_000),
    Locale("uk", "Ukrainian", "ltr", "Cyrillic", 29_000_000),
    Locale("vi", "Vietnamese", "ltr", "Latin", 74_000_000),
    Locale("zh-CN", "Chinese (China)", "ltr", "Chinese", 1_150_000_000),
)
CODES = tuple(locale.code for locale in LOCALES)
