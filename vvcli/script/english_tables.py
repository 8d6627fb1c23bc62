"""What English readers say for abbreviations, units and symbols."""

from __future__ import annotations

MONTHS = (
    "January February March April May June July August September October November December"
).split()

# With a full stop after them; the stop goes, unless it also ends the sentence.
ABBREVIATIONS = {
    "mr": "mister",
    "mrs": "missus",
    "ms": "miz",
    "dr": "doctor",
    "prof": "professor",
    "st": "saint",
    "mt": "mount",
    "ft": "fort",
    "jr": "junior",
    "sr": "senior",
    "gen": "general",
    "sen": "senator",
    "rep": "representative",
    "gov": "governor",
    "capt": "captain",
    "lt": "lieutenant",
    "col": "colonel",
    "sgt": "sergeant",
    "rev": "reverend",
    "hon": "honorable",
    "inc": "incorporated",
    "corp": "corporation",
    "ltd": "limited",
    "co": "company",
    "bros": "brothers",
    "dept": "department",
    "est": "established",
    "approx": "approximately",
    "no": "number",
    "nos": "numbers",
    "vol": "volume",
    "fig": "figure",
    "pp": "pages",
    "ave": "avenue",
    "blvd": "boulevard",
    "rd": "road",
    "apt": "apartment",
    "jan": "January",
    "feb": "February",
    "mar": "March",
    "apr": "April",
    "jun": "June",
    "jul": "July",
    "aug": "August",
    "sep": "September",
    "sept": "September",
    "oct": "October",
    "nov": "November",
    "dec": "December",
    "mon": "Monday",
    "tue": "Tuesday",
    "tues": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "thur": "Thursday",
    "thurs": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}

# Abbreviations that are also words: expanded only before a number or a capital.
AMBIGUOUS = frozenset(
    {"no", "nos", "fig", "mar", "sat", "sun", "mon", "wed", "gen", "rep", "co", "fri", "st", "ft"}
    | {"mt", "col", "rev", "est", "vol", "apt", "dec", "rd", "sen", "hon", "jan", "jun", "jul"}
)

PHRASES = {
    "e.g.": "for example",
    "i.e.": "that is",
    "etc.": "et cetera",
    "et al.": "and others",
    "vs.": "versus",
    "vs": "versus",
    "a.m.": "ay m",
    "p.m.": "p m",
    "ph.d.": "p h d",
    "u.s.": "u s",
    "u.k.": "u k",
    "a.k.a.": "also known as",
    "w/o": "without",
    "w/": "with",
    "ok": "okay",
    "24/7": "twenty four seven",
}

# After a number: singular; plurals add an s unless they are listed.
UNITS = {
    "km": "kilometer",
    "m": "meter",
    "cm": "centimeter",
    "mm": "millimeter",
    "nm": "nanometer",
    "mi": "mile",
    "ft": "foot",
    "in": "inch",
    "yd": "yard",
    "kg": "kilogram",
    "g": "gram",
    "mg": "milligram",
    "lb": "pound",
    "lbs": "pound",
    "oz": "ounce",
    "l": "liter",
    "L": "liter",
    "ml": "milliliter",
    "mL": "milliliter",
    "gal": "gallon",
    "h": "hour",
    "hr": "hour",
    "hrs": "hour",
    "min": "minute",
    "mins": "minute",
    "s": "second",
    "sec": "second",
    "secs": "second",
    "ms": "millisecond",
    "Hz": "hertz",
    "kHz": "kilohertz",
    "MHz": "megahertz",
    "GHz": "gigahertz",
    "W": "watt",
    "kW": "kilowatt",
    "MW": "megawatt",
    "kWh": "kilowatt hour",
    "V": "volt",
    "A": "amp",
    "mA": "milliamp",
    "kB": "kilobyte",
    "KB": "kilobyte",
    "MB": "megabyte",
    "GB": "gigabyte",
    "TB": "terabyte",
    "Mbps": "megabit per second",
    "mph": "mile per hour",
    "km/h": "kilometer per hour",
    "kph": "kilometer per hour",
    "m/s": "meter per second",
    "sq ft": "square foot",
    "dB": "decibel",
    "px": "pixel",
    "fps": "frame per second",
    "°C": "degree Celsius",
    "°F": "degree Fahrenheit",
    "°": "degree",
    "kcal": "kilocalorie",
    "cal": "calorie",
    "pt": "point",
}

IRREGULAR_UNITS = {
    "foot": "feet",
    "inch": "inches",
    "hertz": "hertz",
    "kilohertz": "kilohertz",
    "megahertz": "megahertz",
    "gigahertz": "gigahertz",
    "degree Celsius": "degrees Celsius",
    "degree Fahrenheit": "degrees Fahrenheit",
    "square foot": "square feet",
    "mile per hour": "miles per hour",
    "kilometer per hour": "kilometers per hour",
    "meter per second": "meters per second",
    "frame per second": "frames per second",
    "megabit per second": "megabits per second",
}

# Symbol: (unit, units, part, parts).
CURRENCIES = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "€": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "¥": ("yen", "yen", "sen", "sen"),
    "₹": ("rupee", "rupees", "paisa", "paise"),
}

MAGNITUDES = {"k": "thousand", "m": "million", "b": "billion", "bn": "billion", "t": "trillion"}

SYMBOLS = {
    "&": " and ",
    "+": " plus ",
    "=": " equals ",
    "<": " less than ",
    ">": " greater than ",
    "≤": " at most ",
    "≥": " at least ",
    "≈": " about ",
    "≠": " is not ",
    "×": " times ",
    "÷": " divided by ",
    "±": " plus or minus ",
    "√": " square root of ",
    "∞": " infinity ",
    "%": " percent ",
    "‰": " per mille ",
    "°": " degrees ",
    "@": " at ",
    "#": " number ",
    "§": " section ",
    "©": " copyright ",
    "®": " registered ",
    "™": " trademark ",
    "→": " to ",
    "$": " dollars ",
    "€": " euros ",
    "£": " pounds ",
    "¥": " yen ",
    "₹": " rupees ",
    "π": " pi ",
    "²": " squared ",
    "³": " cubed ",
    "µ": " micro ",
    "½": " and a half ",
    "¼": " and a quarter ",
    "¾": " and three quarters ",
    "—": ", ",
    "–": ", ",
    "…": ". ",
    ";": ", ",
    ":": ", ",
    "(": ", ",
    ")": ", ",
    "[": ", ",
    "]": ", ",
    "{": ", ",
    "}": ", ",
    "/": " slash ",
    "_": " ",
    "|": ", ",
    "~": " about ",
    "•": ", ",
}

# Capitals of two and three letters that are words, so that shouting is not spelled.
SHORT_WORDS = frozenset(
    (
        "AM AN AS AT BE BY DO GO HE HI IF IN IS IT ME MY NO OF OH ON OR SO TO UP WE ALL AND ANY "
        "ARE ASK BAD BAG BED BIG BOX BOY BUS BUT BUY CAN CAR CAT CUT DAD DAY DID DOG EAR EAT END "
        "EYE FAR FEW FLY FOR FUN GET GOD GOT GUN HAD HAS HAT HER HEY HIM HIS HIT HOT HOW ITS JOB "
        "JOY KEY KID LAW LAY LEG LET LIE LOT LOW MAN MAP MAY MEN MET MOM NEW NOR NOT NOW ODD OFF "
        "OLD ONE OUR OUT OWN PAY PUT RAN RED RUN SAD SAT SAW SAY SEA SEE SET SHE SIR SIT SIX SKY "
        "SON SUN TAX TEA TEN THE TOO TOP TRY TWO USE WAR WAS WAY WET WHO WHY WIN WON YES YET YOU"
    ).split()
)

# Longer capitals with vowels that are spelled all the same.
SPELLED = frozenset("HTML HTTP HTTPS IEEE NAACP NCAA USDA UCLA ISBN IRS UAE".split())
