"""What the demo's people record in the stages: needs, concerns and answers of a maker of scales and
labellers. `writing` has what they say and do."""

from crm.models import ConcernCategory, Disposition
from pipeline.process.stages import Stage

# By the place of the product in `writing.PRODUCTS`: what the customer says, and a year's worth as a
# share of the list price.
NEEDS: dict[int, list[tuple[str, float]]] = {
    0: [
        ("We give away three grams in every pack and nobody sees it.", 0.9),
        ("Every complaint about underweight costs us a day of sorting.", 0.5),
    ],
    1: [
        ("The old scale cannot keep up with the new filler.", 0.8),
        ("Two people stand at the end of the line only to weigh samples.", 1.3),
    ],
    2: [
        ("Our largest customer wants metal detection by next audit.", 1.1),
        ("After the recall we never want to sort 40,000 packs by hand again.", 1.6),
    ],
    3: [
        ("Labels are crooked after every change of format, and then we stop.", 0.7),
        ("The date code is checked by eye, and eyes get tired.", 0.6),
    ],
    4: [
        ("Front and back label by two machines: one of them is always waiting.", 0.8),
        ("Each changeover takes forty minutes, six times a week.", 1.0),
    ],
    5: [
        ("Somebody types the weights into a table every Friday.", 0.9),
        ("The auditor asked for the data of one batch and we searched for two days.", 0.7),
    ],
    6: [("When it stands still on a Saturday nobody comes before Monday.", 1.5)],
    7: [("Only one of us can set it up, and he retires.", 1.2)],
}

DECISION_STEPS = [
    "Production tests it, quality signs, the managing director decides at the monthly round.",
    "Plant manager proposes, finance asks for three offers, the owner signs.",
    "Purchasing collects, the technical director chooses, the board releases above 25,000.",
    "The owner walks through the plant once, and says yes or no.",
]
CRITERIA = [
    "Downtime while installing; service within a day; price.",
    "Hygiene class first, then price.",
    "That it talks to their line control. Price is third.",
    "Payback below two years.",
]

OURS_WHY = [
    "They measured the giveaway themselves and told us the figure.",
    "The investment is in this year’s plan.",
    "The plant manager has signed the last two machines alone.",
    "They stand under an audit in autumn and have to act.",
]
THEIRS_WHY = [
    "Asked for our service times and two references, and called both.",
    "Showed us the line without being asked.",
    "They have had a scale of ours for nine years.",
    "Brought the production manager along from the second meeting on.",
]

# Category, their words, what we said, how it was settled, what we gave.
CONCERNS: list[tuple[ConcernCategory, str, str, Disposition, str]] = [
    (
        ConcernCategory.PRICE,
        "A third cheaper elsewhere.",
        "Over five years the giveaway costs more than the difference. We reckoned it with them.",
        Disposition.ANSWERED,
        "",
    ),
    (
        ConcernCategory.PRICE,
        "Purchasing wants 8 per cent.",
        "Training for two shifts instead of a discount.",
        Disposition.CONCEDED,
        "A training day",
    ),
    (
        ConcernCategory.DELIVERY,
        "Nine weeks is too late for the season.",
        "A machine on loan until ours is there.",
        Disposition.CONCEDED,
        "Loan machine for five weeks",
    ),
    (
        ConcernCategory.PRODUCT,
        "Does it manage 180 packs a minute?",
        "Ran their own packs on our test line and sent the film.",
        Disposition.ANSWERED,
        "",
    ),
    (
        ConcernCategory.PRODUCT,
        "It has to be washed down with foam every night.",
        "The housing is made for it; sent the certificate of the hygiene class.",
        Disposition.ANSWERED,
        "",
    ),
    (
        ConcernCategory.TRUST,
        "You are far away when it stands still.",
        "Named the two service people within an hour’s drive, with their numbers.",
        Disposition.ANSWERED,
        "",
    ),
    (
        ConcernCategory.TIMING,
        "Not before the new hall is finished.",
        "Fixed the price until then and the slot in planning.",
        Disposition.ANSWERED,
        "",
    ),
    (
        ConcernCategory.RIVAL,
        "The parent company buys from another maker.",
        "Showed what the plant in Linz runs: ours, with the parent’s consent.",
        Disposition.ANSWERED,
        "",
    ),
    (
        ConcernCategory.INSIDE,
        "Our fitters do not want a second make.",
        "Invited the fitters to our workshop for a day.",
        Disposition.WITHDRAWN,
        "",
    ),
    (
        ConcernCategory.TERMS,
        "Payment after acceptance only.",
        "Thirty per cent with the order, the rest after acceptance.",
        Disposition.CONCEDED,
        "Payment terms",
    ),
]
QUESTIONS: list[tuple[ConcernCategory, str, str]] = [
    (
        ConcernCategory.DELIVERY,
        "How long does it take until it runs?",
        "Nine weeks, a weekend to install.",
    ),
    (
        ConcernCategory.PRICE,
        "What do others spend on this?",
        "Between fifteen and forty thousand.",
    ),
    (
        ConcernCategory.TRUST,
        "Who uses it in our trade?",
        "Named two dairies and one bakery nearby.",
    ),
    (
        ConcernCategory.PRODUCT,
        "Does it talk to our line control?",
        "Yes; sent the list of interfaces.",
    ),
]

ASKED = [
    "Asked for the order on the telephone.",
    "“Shall we fix the slot in week 34?”",
    "Asked what is left that speaks against it.",
    "Laid the contract on the table at the end of the meeting.",
]
NOT_YET = [
    "One signature is missing.",
    "They want to wait for the figures of the month.",
    "The owner is away until Monday.",
]
NO = ["The other offer was accepted.", "The project was put off.", "Too dear after all."]
YES = ["That we measured the line ourselves.", "Service within a day.", "The figures were theirs."]

DELIVER = ["Installation Centre", "Installation North", "Service Graz", "Service Hamburg"]
PROMISED = [
    "Installed over a weekend; two shifts trained; old scale taken away.",
    "Runs at 160 packs a minute with their format; protocol of acceptance.",
    "Date code checked by camera from the first day on.",
    "First service after 500 hours, free of charge.",
]
# Looking back: what decided what was won, and what was stopped for which cause; in which stage; what
# was learned.
DECIDED_WON = ["needs", "needs", "trust", "trust", "solution", "decision", "timing", "price"]
DECIDED_STOPPED = {
    "price": ["price", "price", "needs"],
    "competitor": ["rival", "trust", "decision"],
    "no_response": ["decision", "trust"],
    "disqualified": ["needs", "timing"],
    "bad_timing": ["timing"],
}
DECIDED_IN = {
    "needs": 4,
    "trust": 3,
    "solution": 5,
    "price": 6,
    "rival": 5,
    "decision": 4,
    "timing": 2,
    "other": 3,
}
LESSONS = {
    "needs": [
        "Go and see the line before anything is written.",
        "We should have asked what an hour of standstill costs them.",
    ],
    "trust": [
        "The visit at a reference customer did it.",
        "Bring the service technician to the second meeting.",
    ],
    "solution": ["The trial with their own packs convinced the shift leaders."],
    "price": [
        "Talk about money in the first meeting, not in the last.",
        "Offer the two variants from the start.",
    ],
    "rival": ["They had asked three others: find out who, before the offer."],
    "decision": [
        "Know the buyer before the offer goes out.",
        "The board decides in March: be there in February.",
    ],
    "timing": ["Ask for their budget year in the first call."],
    "other": ["Nothing that we could have done otherwise."],
}
OVERRIDDEN = {
    "not_applicable": "There is nothing to it in this case.",
    "done_before": "Known from the last order.",
    "customer_insisted": "They wanted to see a price first.",
}

# Answers to the questions of the framework and of the teams, by key.
ANSWERS: dict[str, list[str]] = {
    "reason": [
        "They build a second hall.",
        "Their old make is not serviced any more.",
        "A new plant manager since March, from a plant that has our scales.",
        "The audit found three labels without a date.",
    ],
    "need": [
        "Underweight costs them a customer a year.",
        "They stop the line twice a shift.",
        "Must act before the audit.",
    ],
    "money": [
        "In this year’s plan, 30,000.",
        "Plant manager signs up to 20,000.",
        "Not planned, but the saving pays for it.",
    ],
    "influence": [
        "Plant manager decides, quality has a veto.",
        "Proposes to the owner, who follows him.",
        "Can stop it but not decide it.",
    ],
    "trust": ["Asked for references and called them.", "Showed us everything.", "Still polite."],
    "serve": ["Service is an hour away.", "Yes; the hygiene class fits.", "Small, but it grows."],
    "today": [
        "Samples by hand, every half an hour, into a paper list.",
        "One old scale at the end, three people around it.",
        "They sort out by eye and hope.",
    ],
    "concession": ["A training day for the full price.", "Nothing; the price stayed."],
    "decisive-reason": YES,
}
PASSED_NOTES = {
    Stage.NEEDS_ANALYSIS: "Price range and nine weeks named on the first visit.",
    Stage.OBJECTIONS: "Revision sent after the last meeting.",
    Stage.CLOSING: "Thirty per cent with the order, start in week 34.",
}
