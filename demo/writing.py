"""What the demo's people write: deals' names, what was said and done, and why things happened.

`{who}` is the first name of the person on the other side, `{what}` what is to be sold.
"""

from crm.models import ActivityKind
from pipeline.process.stages import Initiator, Stage

CALL, EMAIL, MEETING, NOTE, TASK = ActivityKind
ONE, TWO, THREE, FOUR, FIVE, SIX, SEVEN = Stage

# Name, series, list price in euros; what a deal is called that sells it.
PRODUCTS = [
    ("Ponda 200 checkweigher", "Ponda", 14_500),
    ("Ponda 400 checkweigher", "Ponda", 26_000),
    ("Ponda 400 with metal detector", "Ponda", 41_500),
    ("Etika labeller", "Etika", 9_800),
    ("Etika Duo labeller", "Etika", 17_400),
    ("Linelink software", "Linelink", 6_500),
    ("Care plan, one year", "Services", 3_600),
    ("Training day", "Services", 1_250),
]
MACHINES, SOFTWARE, CARE, TRAINING = [0, 1, 2, 3, 4], 5, 6, 7

PLACES = [
    "line 1",
    "line 2",
    "line 3",
    "the new hall",
    "the filling line",
    "the packing hall",
    "the second shift",
    "the export line",
    "the dispatch dock",
    "the pilot plant",
]
NEW_NAMES = ["{short} for {place}", "{short}: first line", "Weighing in {place}", "{short} trial"]
REPEAT_NAMES = ["{short} for {place}", "Another {short}", "Replace the scales in {place}"]
CARE_NAMES = ["Care plan renewal", "Care plan for {place}", "Training for {place}"]

# Done with the other side, by stage and kind.
TOUCHES: dict[Stage, dict[ActivityKind, list[str]]] = {
    ONE: {
        CALL: [
            "Asked the switchboard who looks after the packing lines: it is {who}.",
            "Short call. {who} is the right person and knows our name from a colleague.",
            "Checked in after last year's delivery. All runs well; a new line is being planned.",
        ],
        EMAIL: [
            "Sent {who} the two-page overview and a question about their lines.",
            "Thanked {who} for the visit at our stand and asked for ten minutes.",
        ],
        MEETING: ["Walked past during a service visit. {who} showed me the old scales."],
    },
    TWO: {
        CALL: [
            "{who} is interested, asks for a date after the audit.",
            "Explained why plants like theirs measure giveaway. {who} wants to think about it.",
            "{who} asked how long an installation takes. Offered a half-hour call.",
            "Agreed to talk properly; {who} will bring the production manager.",
        ],
        EMAIL: [
            "Sent three possible dates.",
            "Sent the case of a plant of the same size; asked what giveaway costs them.",
            "Second letter with one question only: who decides about {place}?",
        ],
        MEETING: ["Met {who} at the fair. Ten minutes, good questions, will get a call."],
    },
    THREE: {
        CALL: [
            "Budget is planned for this year, {who} prepares the request.",
            "{who} can decide up to 20,000; above that the managing director signs.",
            "They tried another make two years ago and gave it back. Need to understand why.",
        ],
        EMAIL: [
            "Sent our questions ahead of the conversation.",
            "{who} confirmed the throughput: 90 packs a minute at the peak.",
        ],
        MEETING: [
            "First real conversation. They need it, they have money, the date is soft.",
            "They asked as much about us as we about them. Two references promised.",
        ],
    },
    FOUR: {
        CALL: [
            "Went through the numbers with {who}: about 2 % giveaway, 60,000 a year.",
            "{who} named the others who have a say: quality and finance.",
            "The decision is made at the monthly investment round; papers a week before.",
        ],
        EMAIL: [
            "Sent my summary of their situation, asked {who} to correct it.",
            "{who} corrected two figures and agreed with the rest.",
        ],
        MEETING: [
            "Walked the line with {who}. Space is tight behind the filler; measured it.",
            "Workshop with production and quality. Traceability worries them more than giveaway.",
        ],
    },
    FIVE: {
        CALL: [
            "Went through the offer by telephone. {who} takes it to the investment round.",
            "{who} asked for a second version with the care plan shown apart.",
        ],
        EMAIL: [
            "Offer for {what} sent to {who} and the managing director.",
            "Sent the corrected offer: delivery nine weeks, installation included.",
        ],
        MEETING: ["Presented the offer on site. Most questions were about the changeover."],
    },
    SIX: {
        CALL: [
            "{who} finds the price high against a cheaper make. Talked about cost over five years.",
            "They worry about downtime while we install. Offered to work over a weekend.",
            "Purchasing wants 8 %. Offered training instead.",
        ],
        EMAIL: [
            "Answered the list of technical questions, all twelve.",
            "Sent the reference that {who} asked for.",
        ],
        MEETING: ["Round table with purchasing and production. Two concerns left of five."],
    },
    SEVEN: {
        CALL: [
            "Asked for the order. {who} needs one signature more.",
            "Terms agreed; the paper is with their managing director.",
        ],
        EMAIL: ["Sent the final contract for signature.", "Reminded {who} of the delivery slot."],
        MEETING: ["Went through the contract page by page. One change in the payment terms."],
    },
}
NO_ANSWER = ["No answer.", "Voice mail; left a message.", "In a meeting, try tomorrow.", ""]
NOTES = [
    "Two other makes are talking to them.",
    "{who} moves to another plant in the summer; ask who follows.",
    "They count in shifts, not in hours: use that in the offer.",
    "Prefers e-mail before nine.",
    "The parent company has a framework contract for labels, not for scales.",
    "Fiscal year ends in June.",
]
TASKS = [
    "Ask service for the old line's drawings",
    "Prepare the giveaway calculation",
    "Check the delivery slot with planning",
    "Write the summary",
]

# Planned, by stage: what comes next.
PLANS: dict[Stage, list[tuple[ActivityKind, str]]] = {
    ONE: [
        (CALL, "Find out who looks after {place}"),
        (EMAIL, "Introduce us to {who}"),
        (TASK, "Look at their site before calling"),
    ],
    TWO: [
        (CALL, "Try {who} again"),
        (CALL, "Ask {who} for a conversation"),
        (EMAIL, "Send dates to {who}"),
    ],
    THREE: [
        (MEETING, "First conversation with {who}"),
        (CALL, "Ask {who} about budget and signature"),
    ],
    FOUR: [
        (MEETING, "Walk the line with {who}"),
        (CALL, "Confirm the figures with {who}"),
        (TASK, "Write the summary of needs"),
    ],
    FIVE: [
        (CALL, "Did the offer arrive? {who}"),
        (TASK, "Finish the offer for {what}"),
        (MEETING, "Present the offer"),
    ],
    SIX: [
        (CALL, "Answer the price question of {who}"),
        (MEETING, "Settle the open points"),
        (EMAIL, "Send the reference"),
    ],
    SEVEN: [(CALL, "Ask {who} for the order"), (EMAIL, "Send the contract again")],
}

JUMP_REASONS = [
    "Repeat order: need and figures are known from last time.",
    "All of it was settled in one long conversation.",
    "They came with a finished specification.",
    "The customer asked for an offer right away.",
]
BACK_REASONS = [
    "The person we spoke to cannot decide; start again with the managing director.",
    "The line was changed: the needs are other ones now.",
    "The offer missed what quality had asked for.",
    "New purchasing manager, reopened the terms.",
    "The budget was cut; what is needed must be looked at again.",
]
REOPEN_REASONS = [
    "They called: the other supplier cannot deliver.",
    "The budget was released after all.",
    "New plant manager picked it up again.",
]
PUSH_REASONS = [
    "Investment round was moved.",
    "They wait for the holidays to end.",
    "Decision after the audit.",
    "",
    "",
]
HAND_OVER_REASONS = [
    "Closer to the plant.",
    "Takes over the account.",
    "Knows the parent company.",
    "Load is shared more evenly.",
]
LEAVER_REASON = "Takes over from Ronan, who left."
WON_NOTES = [
    "Delivery in nine weeks, installation over a weekend.",
    "They liked that we measured the line ourselves.",
    "Same terms as last time.",
    "",
    "",
]
STOP_NOTES = {
    "competitor": ["Went with a cheaper make.", "They stay with the brand of the parent company."],
    "price": ["Too dear for one line.", "Half our price elsewhere, they say."],
    "no_decision": ["The project was dropped.", "Money went into the roof."],
    "no_response": ["Six attempts, nothing.", ""],
    "bad_timing": ["Next year at the earliest.", "The hall is not built yet."],
    "disqualified": ["Two packs an hour: no case for us.", "No budget, and none in sight."],
    "withdrawn": ["We cannot meet the hygiene class.", "Terms that we cannot sign."],
    "duplicate": ["Already with a colleague."],
    "unknown": [""],
}

# Why deals stop in a stage: cause, whose decision, weight.
US, CUSTOMER = Initiator.US, Initiator.CUSTOMER
_COLD = [
    ("no_response", US, 34),
    ("no_response", CUSTOMER, 6),
    ("disqualified", US, 26),
    ("bad_timing", CUSTOMER, 14),
    ("no_decision", CUSTOMER, 10),
    ("duplicate", US, 5),
    ("competitor", CUSTOMER, 5),
]
_WARM = [
    ("disqualified", US, 38),
    ("bad_timing", CUSTOMER, 18),
    ("no_decision", CUSTOMER, 20),
    ("competitor", CUSTOMER, 10),
    ("price", CUSTOMER, 8),
    ("withdrawn", US, 6),
]
_LATE = [
    ("competitor", CUSTOMER, 30),
    ("price", CUSTOMER, 24),
    ("no_decision", CUSTOMER, 26),
    ("bad_timing", CUSTOMER, 8),
    ("no_response", CUSTOMER, 5),
    ("withdrawn", US, 4),
    ("unknown", CUSTOMER, 3),
]
CAUSES = {ONE: _COLD, TWO: _COLD, THREE: _WARM, FOUR: _WARM, FIVE: _LATE, SIX: _LATE, SEVEN: _LATE}

# Where leads come from besides existing customers: name of the source, weight, and details.
SOURCES: list[tuple[str, int, list[str]]] = [
    ("Own research", 34, ["List of plants in the region", "Trade register", "Press report"]),
    ("Website", 20, ["Request form", "Giveaway calculator", "Download of the brochure"]),
    ("Trade fair", 14, ["Packaging days, hall 3", "Food technology fair"]),
    ("Referral by a customer", 12, ["Mentioned over lunch", "Called us on advice"]),
    ("Incoming call", 8, ["Asked for a quotation"]),
    ("Partner", 8, ["Installer on site", "Maker of the filling line"]),
    ("Referral by somebody else", 4, ["Former colleague"]),
]
REFERRED_BY_CUSTOMER, REFERRED_OTHERWISE = "Referral by a customer", "Referral by somebody else"
REPEAT_SOURCE, OWN_SOURCE = "Existing customer", "Own research"
REPEAT_DETAILS = ["Yearly review", "Service visit", "Call from the plant", "End of the care plan"]
METHODS = [("Phone", 45), ("E-mail", 25), ("Visit", 12), ("Social network", 8), ("Event", 10)]
