"""Names of companies and people for the demo, put together from parts of our own choosing."""

import random
import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Culture:
    """How places name their companies and people.

    `countries` come with the legal forms used there; `digits` is a block of telephone numbers
    that the regulator keeps for fiction, empty where there is none.
    """

    countries: dict[str, tuple[str, ...]]
    digits: dict[str, str]
    heads: str
    tails: str
    trades: str
    first: str
    last: str


CULTURES = {
    "german": Culture(
        countries={
            "Austria": ("GmbH", "KG", "AG"),
            "Germany": ("GmbH", "GmbH & Co KG", "AG"),
            "Switzerland": ("AG", "GmbH"),
        },
        digits={"Germany": "+49 30 23125 0{:02}"},
        heads="Arl Brenn Dorn Eber Falk Grau Hohl Iller Kess Lind Murn Nebel Ort Perl Quer Rott"
        " Schell Tann Ulm Wend Zell",
        tails="acker bichl eck gruber hofer kogel mooser rainer see stetter wald wieser",
        trades="Maschinenbau|Verpackung|Molkerei|Logistik|Backwaren|Pharma|Metallbau|Getränke",
        first="Anna Lukas Katharina Felix Johanna Maximilian Theresa Stefan Eva Georg Miriam"
        " Clemens Ruth Paul",
        last="Aigner Bruckner Dallinger Eder Fuchsberger Greiner Hollerer Kaltenbach Lechner"
        " Moosbrugger Plank Reisinger Stadler Wimmer",
    ),
    "french": Culture(
        countries={"France": ("SAS", "SARL"), "Belgium": ("SA", "SRL")},
        digits={"France": "+33 1 99 00 50 {:02}"},
        heads="Armon Bellou Charnac Dorval Estrel Fontar Gervand Lavour Marsac Novarel Orsen Pravel"
        " Rivand Salvet Tourn Vauclar",
        tails="ais ange ard ères eux ier ignac onne ot ville",
        trades="Laiteries|Emballages|Conserves|Mécanique|Boissons|Cosmétiques|Transports",
        first="Camille Julien Amélie Baptiste Inès Thomas Léa Hugo Nadia Olivier Élise Marc"
        " Aurore Samir",
        last="Aubrun Besson Carlier Delorme Esnault Fabre Garnault Jouvet Lambrin Mercadal Pasquier"
        " Roussel Tissier Vannier",
    ),
    "italian": Culture(
        countries={"Italy": ("Srl", "SpA")},
        digits={},
        heads="Alben Bravor Calder Dossen Fiorav Gavir Lorven Mantel Norcel Pradel Rovass Santir"
        " Tavol Vercan",
        tails="ani etto ico ino ola one oro ucci",
        trades="Alimentari|Imballaggi|Caffè|Ceramiche|Salumi|Meccanica|Pasta",
        first="Giulia Marco Chiara Davide Elena Fabio Ilaria Matteo Paola Riccardo Sara Tommaso"
        " Valentina Enzo",
        last="Albertazzi Bonfanti Carraro Donadel Fossati Galvani Lorenzon Mazzoleni Pedrotti"
        " Rinaldi Sartorel Tonello Visentin Zanotti",
    ),
    "iberian": Culture(
        countries={"Spain": ("SL", "SA"), "Portugal": ("Lda", "SA")},
        digits={},
        heads="Alcor Barran Castel Duerom Esgar Ferral Guadar Lomar Montel Navar Olmed Peñar Robled"
        " Sanjar Torrel",
        tails="eda eira ejo era illo iña ona oso uela",
        trades="Conservas|Aceites|Envases|Cítricos|Talleres|Bodegas|Textil",
        first="Lucía Javier Carmen Diego Marta Sergio Beatriz Álvaro Inês Tiago Núria Rui Pilar"
        " Gonzalo",
        last="Abascal Barreiro Cordero Delicado Espinar Figueira Galindo Montoro Noronha Palomar"
        " Quintela Salgueiro Tavira Villar",
    ),
    "nordic": Culture(
        countries={
            "Sweden": ("AB",),
            "Denmark": ("ApS", "A/S"),
            "Norway": ("AS",),
            "Finland": ("Oy",),
        },
        digits={"Sweden": "+46 31 390 06 {:02}"},
        heads="Alm Bjerk Dal Ek Fjord Gran Havn Isk Kvarn Lund Myr Norr Ravn Sil Tall Vind",
        tails="aby berga felt holm löv mark sjö strand torp vik åsen",
        trades="Fisk|Emballage|Mejeri|Maskin|Foder|Bryggeri|Skog",
        first="Freja Anders Signe Mikkel Elin Oskar Aino Lars Ingrid Jussi Maja Henrik Tove Eero",
        last="Almgren Bergstad Dahlqvist Ekroth Fosse Grönlund Hallberg Isaksen Kivelä Lindtorp"
        " Mäkelin Nygård Solheim Vestergren",
    ),
    "slavic": Culture(
        countries={
            "Poland": ("sp. z o.o.", "SA"),
            "Czechia": ("s.r.o.", "a.s."),
            "Slovenia": ("d.o.o.",),
            "Croatia": ("d.o.o.",),
        },
        digits={},
        heads="Borov Cernik Dobrav Jasen Kamen Lipov Modrav Novak Olsz Podhar Radov Sokol Trebin"
        " Vranov Zelen",
        tails="any ec ica in ina ka nik owo sko",
        trades="Pack|Mlekarna|Meble|Agro|Strojirny|Chemia|Piekarnie",
        first="Kasia Marek Petra Jakub Ana Ivan Zofia Tomáš Maja Luka Agnieszka Pavel Nina Wojtek",
        last="Adamik Borowicz Cerar Dvorski Havlan Jelen Kosmač Lisiecki Marušić Novotka Pavlin"
        " Rakowicz Sedlar Zajc",
    ),
    "english": Culture(
        countries={"United Kingdom": ("Ltd", "plc"), "Ireland": ("Ltd",)},
        digits={"United Kingdom": "+44 1632 9600{:02}"},
        heads="Ashel Brack Cawder Dunn Elmer Fenn Garth Hollin Kilner Lorn Marl Nether Oaken Pend Rowan"
        " Thorn Wither",
        tails="bourne combe dale field gate ham mere shaw sted wick worth",
        trades="Foods|Packaging|Dairies|Engineering|Brewing|Bakeries|Logistics|Pharma",
        first="Aoife James Grace Callum Priya Oliver Niamh Daniel Chidi Sophie Rory Yasmin Ewan"
        " Hannah",
        last="Ashdown Brannigan Carrick Desai Ellwood Farrelly Greaves Hollis Kinsella Lockhart"
        " Merriman Okafor Prowse Tierney",
    ),
    "dutch": Culture(
        countries={"Netherlands": ("BV",), "Luxembourg": ("SA",)},
        digits={},
        heads="Bever Drie Eem Grave Hazel Kruis Linde Maar Noorder Oever Polder Rijs Veen Wolder",
        tails="beek dijk donk hout kamp laar meer oord stein veld",
        trades="Zuivel|Verpakking|Kwekerijen|Techniek|Dranken|Transport|Bakkerij",
        first="Sanne Bram Fleur Daan Lotte Jeroen Maud Sem Anouk Ruben Esmée Wouter Fatima Joris",
        last="Aarts Bijlhout Coppens Dekkers Elzinga Geurts Hoekema Jonkers Kuipers Lanting"
        " Meeuwsen Oosterwal Rietveld Terpstra",
    ),
}

# People move: everywhere some names come from elsewhere.
FIRST_ELSEWHERE = "Aylin Mehmet Amara Kwame Linh Minh Leila Omar Ananya Arjun Mei Kenji"
LAST_ELSEWHERE = "Yildirim Demirel Adeyemi Mensah Tran Nguyet Rahimi Khoury Iyer Nair Sato"

TITLES = [
    "Plant manager",
    "Head of purchasing",
    "Production manager",
    "Quality manager",
    "Managing director",
    "Maintenance engineer",
    "Logistics manager",
    "Finance director",
    "Process engineer",
    "Buyer",
]

# The word in a company's name says what it does.
INDUSTRIES = {
    "Food": "Molkerei Backwaren Laiteries Conserves Alimentari Caffè Salumi Pasta Conservas Aceites"
    " Cítricos Fisk Mejeri Mlekarna Piekarnie Foods Dairies Bakeries Zuivel Bakkerij Foder Agro"
    " Kwekerijen",
    "Drinks": "Getränke Boissons Bodegas Bryggeri Brewing Dranken",
    "Packaging": "Verpackung Emballages Imballaggi Envases Emballage Pack Packaging Verpakking",
    "Logistics": "Logistik Transports Logistics Transport",
    "Pharma & cosmetics": "Pharma Cosmétiques Chemia",
    "Engineering": "Maschinenbau Metallbau Mécanique Meccanica Talleres Maskin Strojirny"
    " Engineering Techniek",
    "Materials": "Ceramiche Textil Skog Meble",
}
INDUSTRY_OF = {trade: name for name, trades in INDUSTRIES.items() for trade in trades.split()}


class NameBook:
    """Gives names from a stream of chance; no company's name comes twice."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self._taken: set[tuple[str, str]] = set()

    def company(self, culture: Culture) -> tuple[str, str, str]:
        """Name, country and industry."""
        rng = self.rng
        while True:
            stem = rng.choice(culture.heads.split()) + rng.choice(culture.tails.split())
            trade = rng.choice(culture.trades.split("|"))
            if (stem, trade) not in self._taken:
                break
        self._taken.add((stem, trade))
        country = rng.choice(list(culture.countries))
        form = rng.choice(culture.countries[country])
        return f"{stem} {trade} {form}", country, INDUSTRY_OF[trade]

    def person(self, culture: Culture) -> str:
        rng = self.rng
        firsts = FIRST_ELSEWHERE.split() if rng.random() < 0.1 else culture.first.split()
        lasts = LAST_ELSEWHERE.split() if rng.random() < 0.1 else culture.last.split()
        return f"{rng.choice(firsts)} {rng.choice(lasts)}"

    def phone(self, culture: Culture, country: str) -> str:
        """A number as people type it, or nothing where no number is safe to invent."""
        pattern = culture.digits.get(country, "")
        if not pattern:
            return ""
        return pattern.format(self.rng.randrange(50))


def ascii_name(text: str) -> str:
    """The text in the letters of an address."""
    text = text.replace("ø", "o").replace("æ", "ae").replace("ß", "ss").replace("ł", "l")
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in letters if sign.isascii() and (sign.isalnum() or sign == " "))
