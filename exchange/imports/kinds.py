"""What a file can hold: the kinds of record, and the fields that a column may be mapped to."""

import enum
from dataclasses import dataclass


class CellType(enum.Enum):
    """How the cells of a field are parsed."""

    TEXT = "text"
    WHOLE = "whole number"
    MONEY = "money"
    DAY = "day"
    MOMENT = "moment"
    EMAIL = "e-mail"
    PHONE = "phone"
    LINK = "link"
    # Days on which a stage was entered: a column for each stage, which its heading names.
    ENTRIES = "days of entering stages"
    # A text that may have many lines, or be written in HTML.
    LONG = "long text"
    # Whatever some columns say, each with its heading before it.
    LABELLED = "text under its headings"
    # One of a few words of ours (exchange.imports.known_words).
    WORD = "word"
    QUANTITY = "quantity"
    NUMBER = "number"
    # Answers to steps of the process: a column for each step (exchange.imports.steps).
    ANSWERS = "answers to steps"
    RATE = "exchange rate"
    # Names or ids of several records, between semicolons, or in brackets as JSON has them.
    NAMES = "several names"
    FLAG = "yes or no"
    # Columns any of which keeps a row out where it says yes.
    GONE = "yes keeps it out"

    @property
    def is_number(self) -> bool:
        return self in (
            CellType.WHOLE,
            CellType.MONEY,
            CellType.QUANTITY,
            CellType.RATE,
            CellType.NUMBER,
        )

    @property
    def is_date(self) -> bool:
        return self in (CellType.DAY, CellType.MOMENT, CellType.ENTRIES)

    @property
    def is_list(self) -> bool:
        """Whether several columns may hold the field: people have two telephones."""
        return self in (CellType.EMAIL, CellType.PHONE)

    @property
    def column_type(self) -> str:
        return _COLUMN_TYPES.get(self, "text")


_COLUMN_TYPES = {
    CellType.WHOLE: "integer",
    CellType.MONEY: "numeric(14, 2)",
    CellType.QUANTITY: "numeric(12, 3)",
    CellType.RATE: "numeric(18, 8)",
    CellType.NAMES: "text[]",
    CellType.FLAG: "boolean",
    CellType.GONE: "boolean",
    CellType.DAY: "date",
    CellType.MOMENT: "timestamptz",
    CellType.EMAIL: "text[]",
    CellType.PHONE: "text[]",
}


@dataclass(frozen=True, kw_only=True)
class ImportField:
    """A field that a column can be mapped to.

    `headings` are those that other systems give its column, letters and digits only, with blanks
    between them; the more telling ones first. `longest` is its maximum number of characters; `refers` marks names of other records, for which
    “none” and “unknown” are no names; `is_person` that it is somebody's name; `joins` means that several columns are joined to one text;
    `first` that of several names between semicolons the first one counts; `keeps_word` that a word which
    is to be nothing here is kept as a note.
    """

    name: str
    cell_type: CellType = CellType.TEXT
    headings: str = ""
    longest: int = 200
    required: bool = False
    refers: bool = False
    joins: bool = False
    is_person: bool = False
    first: bool = False
    keeps_word: bool = False

    @property
    def has_several(self) -> bool:
        """Whether several columns may be mapped to it."""
        return self.joins or self.cell_type.is_list or self.is_any_number

    @property
    def is_any_number(self) -> bool:
        """Whether any number of columns may be."""
        return self.cell_type in (
            CellType.LABELLED,
            CellType.ENTRIES,
            CellType.GONE,
            CellType.ANSWERS,
        )

    @property
    def tells_of_row(self) -> bool:
        """Whether its cell can say that the row is gone, or of something else: then nothing else is."""
        return self.cell_type is CellType.GONE or self.name == "field"

    @property
    def can_be_left_empty(self) -> bool:
        """Whether a row can do without, where its cell cannot be read; what a word means is answered."""
        words = self.cell_type in (CellType.WORD, CellType.FLAG, CellType.GONE)
        words = words or self.name in ("id", "stage", "to_stage", "from_stage")
        return not self.required and not words

    @property
    def is_any_text(self) -> bool:
        if self.cell_type in (CellType.LONG, CellType.LABELLED, CellType.WORD, CellType.FLAG):
            return True
        return self.cell_type is CellType.TEXT and not self.refers


@dataclass(frozen=True, kw_only=True)
class RecordKind:
    """A kind of record. `named` kinds are identified by name if the file has no column of ids; of
    other kinds, equal rows may still be two records."""

    name: str
    fields: tuple[ImportField, ...]
    named: bool

    @property
    def sum_field(self) -> str:
        """Beside which a currency may stand."""
        return "amount" if any(field.name == "amount" for field in self.fields) else "price"

    def field(self, name: str) -> ImportField:
        return next(field for field in self.fields if field.name == name)


def _id(*headings: str) -> ImportField:
    """The number of a record, not of what it belongs to."""
    words = ("id", "recordid", "externalid", *headings, "nummer", "kennung")
    return ImportField(name="id", longest=150, headings=" ".join(words))


# Those of several kinds.
_GONE = ImportField(
    name="gone",
    cell_type=CellType.GONE,
    headings="isdeleted deleted isconverted converted",
)
_IS_COMPANY = ImportField(
    name="is_company",
    cell_type=CellType.FLAG,
    headings="isacompany iscompany companytype isteinunternehmen unternehmenstyp",
)
_COMPANY = ImportField(
    name="company",
    refers=True,
    headings=(
        "customer partnerid relatedcompany company companyname account accountname organisation "
        "organization associatedcompany primarycompany dealorganization firm firma kunde unternehmen"
    ),
)
# Beside the name, or instead of it, the number that the company has there: of two of one name it says
# which, and nobody is made of a number.
_COMPANY_KEY = ImportField(
    name="company_key",
    refers=True,
    first=True,
    longest=150,
    headings=(
        "accountid accountnameid companyid organizationid associatedcompanyids customerexternalid "
        "customerid partneridid relatedcompanyexternalid relatedcompanyid parentidid"
    ),
)
_CONTACT_KEY = ImportField(
    name="contact_key",
    refers=True,
    first=True,
    longest=150,
    headings="contactid contactnameid primarycontactid personid contactexternalid",
)
_JOB_TITLE = ImportField(
    name="job_title",
    longest=120,
    headings="jobtitle jobposition position function role funktion title",
)
_EMAIL = ImportField(
    name="email",
    cell_type=CellType.EMAIL,
    headings=(
        "email emailaddress mail emailadresse emailfrom emailwork emailhome emailother "
        "additionalemailaddresses secondaryemail login"
    ),
)
_PHONE = ImportField(
    name="phone",
    cell_type=CellType.PHONE,
    headings=(
        "phone phonenumber phonework phonemobile phonehome telephone mobile tel mobilephone mobilephonenumber "
        "businessphone telefon handy mobil"
    ),
)
_OWNER = ImportField(
    name="owner",
    longest=254,
    headings=(
        "owner dealowner accountowner companyowner organizationowner personowner contactowner opportunityowner leadowner ownerid "
        "assignedusername assigneduser assigneduserid userid "
        "salesagent salesperson besitzer verantwortlich zustandig betreuer verkaufer"
    ),
)

PEOPLE = RecordKind(
    name="people",
    named=True,
    fields=(
        _id("userid"),
        ImportField(
            name="name",
            longest=120,
            required=True,
            joins=True,
            is_person=True,
            headings="salesagent salesperson person employee fullname name",
        ),
        _EMAIL,
        ImportField(
            name="active",
            cell_type=CellType.FLAG,
            headings="isactive active userstatus status aktiv",
        ),
        ImportField(
            name="manager",
            longest=120,
            headings="manager teamlead reportsto",
        ),
        ImportField(
            name="office",
            longest=120,
            headings="office regionaloffice region branchoffice",
        ),
        ImportField(
            name="hired_on",
            cell_type=CellType.DAY,
            headings="hiredon hired startdate hiredate",
        ),
    ),
)
PRODUCTS = RecordKind(
    name="products",
    named=True,
    fields=(
        _id("productid", "product2id", "sku", "productcode", "artikelnummer"),
        ImportField(
            name="name",
            longest=120,
            required=True,
            headings="productname product name itemname title produktname produkt artikel bezeichnung",
        ),
        ImportField(
            name="series",
            longest=80,
            headings="series productcategory category productfamily family kategorie produktgruppe categid",
        ),
        ImportField(
            name="price",
            cell_type=CellType.MONEY,
            headings="price unitprice listprice salesprice standardprice preis listenpreis einzelpreis lstprice",
        ),
        ImportField(
            name="currency",
            longest=3,
            headings="currency currencycode currencyisocode pricecurrency wahrung",
        ),
        ImportField(
            name="active",
            cell_type=CellType.FLAG,
            headings="isactive productactive active aktiv",
        ),
        _GONE,
    ),
)
COMPANIES = RecordKind(
    name="companies",
    named=True,
    fields=(
        _id("accountid", "companyid"),
        ImportField(
            name="name",
            required=True,
            headings="company companyname account accountname name",
        ),
        ImportField(
            name="industry",
            longest=80,
            headings="industry sector branch branche",
        ),
        ImportField(
            name="employees",
            cell_type=CellType.WHOLE,
            headings="employees numberofemployees noofemployees staff headcount mitarbeiter beschaftigte",
        ),
        ImportField(
            name="country",
            longest=80,
            headings=(
                "country countryregion billingcountry billingaddresscountry countryid officelocation location land"
            ),
        ),
        ImportField(
            name="website",
            cell_type=CellType.LINK,
            headings="website url web domain companydomainname webseite",
        ),
        ImportField(
            name="parent",
            refers=True,
            headings=(
                "parent parentaccountid parentidid relatedcompanyexternalid parentcompany parentaccount "
                "parentid relatedcompany subsidiaryof muttergesellschaft"
            ),
        ),
        ImportField(
            name="relationship",
            cell_type=CellType.WORD,
            longest=80,
            keeps_word=True,
            headings=(
                "relationship beziehung accounttype customertype customerstatus kundenstatus kundentyp "
                "lifecyclestage type typ"
            ),
        ),
        _IS_COMPANY,
        _GONE,
        _OWNER,
        ImportField(
            name="more",
            cell_type=CellType.LABELLED,
            longest=32_768,
            headings=(
                "tags tag label labels description beschreibung notes notizen aboutus phone phonenumber "
                "telefon address street streetaddress billingstreet city billingcity zip postalcode "
                "zipcode billingpostalcode billingcode billingstate stateregion state anschrift adresse "
                "strasse plz ort stadt annualrevenue billingaddressstreet billingaddresscity "
                "billingaddressstate billingaddresspostalcode street2 categoryid comment email "
                "emailaddress mobile fax vat taxid accounttype rating lifecyclestage type"
            ),
        ),
    ),
)
CONTACTS = RecordKind(
    name="contacts",
    named=False,
    fields=(
        _id("contactid"),
        ImportField(
            name="name",
            required=True,
            joins=True,
            is_person=True,
            headings="contact contactname fullname name person",
        ),
        _JOB_TITLE,
        _COMPANY,
        _COMPANY_KEY,
        _EMAIL,
        _PHONE,
        _IS_COMPANY,
        _GONE,
        _OWNER,
        ImportField(
            name="more",
            cell_type=CellType.LABELLED,
            longest=32_768,
            headings=(
                "tags tag label labels description beschreibung notes notizen department address street "
                "streetaddress mailingstreet city mailingcity zip postalcode zipcode mailingpostalcode "
                "mailingstate state mailingcountry country countryregion anschrift adresse strasse plz "
                "ort stadt birthday birthdate dateofbirth unsubscribedfromallemail emailoptout "
                "hasoptedoutofemail donotcall street2 addressstreet addresscity addressstate "
                "addresspostalcode addresscountry categoryid comment homephone otherphone fax leadsource"
            ),
        ),
    ),
)
DEALS = RecordKind(
    name="deals",
    named=False,
    fields=(
        _id("opportunityid", "dealid"),
        ImportField(
            name="name",
            headings=(
                "deal opportunity dealname dealtitle opportunityname opp title titel bezeichnung name"
            ),
        ),
        _COMPANY,
        _COMPANY_KEY,
        ImportField(
            name="contact",
            refers=True,
            joins=True,
            is_person=True,
            headings=(
                "contact contactname person contactperson primarycontact ansprechpartner kontakt"
            ),
        ),
        _CONTACT_KEY,
        _JOB_TITLE,
        _EMAIL,
        _PHONE,
        ImportField(
            name="product",
            longest=150,
            headings="product productname produkt",
        ),
        _OWNER,
        ImportField(
            name="team",
            longest=120,
            headings="team salesteam teamid verkaufsteam",
        ),
        ImportField(
            name="source",
            longest=80,
            headings="source leadsource sourceid origin originalsource quelle leadquelle",
        ),
        ImportField(
            name="source_detail",
            headings="sourcedetail campaign campaignsource campaignname campaignid einzelheitzurquelle",
        ),
        ImportField(
            name="method",
            longest=80,
            headings="method prospectingmethod contactmethod methode akquisemethode kontaktweg",
        ),
        ImportField(
            name="amount",
            cell_type=CellType.MONEY,
            headings=(
                "amount value dealvalue closevalue revenue dealamount betrag wert umsatz expectedrevenue "
                "erwarteterumsatz"
            ),
        ),
        ImportField(
            name="currency",
            longest=3,
            headings="currency currencycode currencyisocode amountcurrency currencyofvalue wahrung",
        ),
        ImportField(
            name="stage",
            joins=True,
            headings="stage dealstage stagename stageid phase status leadstatus pipelinestage",
        ),
        ImportField(
            name="stop_cause",
            longest=80,
            refers=True,
            headings=(
                "reasonforloss lossreason lostreason lostreasonid closedlostreason stopcause cause "
                "verlustgrund absagegrund grund"
            ),
        ),
        ImportField(
            name="created_on",
            cell_type=CellType.MOMENT,
            headings=(
                "createdon created createdate createddate createdtime datecreated dealcreated "
                "createdat openedat erstelltam angelegtam"
            ),
        ),
        ImportField(
            name="entered_on",
            cell_type=CellType.MOMENT,
            headings=(
                "enteredon engagedate stagesince since stageentered laststagechangedate "
                "stagechange stagechangedate laststageupdate datelaststageupdate seit instagesince "
                "inderphaseseit dateenteredcurrentstage"
            ),
        ),
        ImportField(
            name="entered_stages",
            cell_type=CellType.ENTRIES,
            # and those of exchange.imports.headings
            headings="enteredstages",
        ),
        ImportField(
            name="people",
            cell_type=CellType.NAMES,
            longest=5_000,
            headings="associatedcontactids contactsids associatedcontact participants contacts",
        ),
        ImportField(
            name="more",
            cell_type=CellType.LABELLED,
            longest=32_768,
            headings=(
                "tags tag label labels dealdescription description beschreibung notes notizen nextstep "
                "dealtype type priority prioritat competitor competitors wettbewerber tagids "
                "internalnotes website industry rating street city zip state country"
            ),
        ),
        ImportField(
            name="closed_on",
            cell_type=CellType.MOMENT,
            headings=(
                "closedon dealclosedon closedate closed closeddate closingdate woncloseddate close "
                "closedat dateclosed abschlussdatum abgeschlossenam geschlossenam"
            ),
        ),
        ImportField(
            name="expected_close_on",
            cell_type=CellType.DAY,
            headings=(
                "expectedclose expectedcloseon expectedclosedate expectedclosing expectedtocloseon "
                "forecastdate datedeadline erwarteterabschluss abschlusserwartetam"
            ),
        ),
        _GONE,
    ),
)

# What a row belongs to, where it does not make it.
_DEAL = ImportField(
    name="deal",
    refers=True,
    first=True,
    headings=(
        "associateddealids dealid opportunityid dealtitle dealname deal opportunityname "
        "opportunity associateddeal verkaufschance"
    ),
)
_COMPANY_OF = ImportField(
    name="company",
    refers=True,
    first=True,
    headings=(
        "associatedcompanyids accountid organizationid companyid dealorganization organizationname accountname "
        "companyname company account organization organisation associatedcompany firma unternehmen"
    ),
)
_CONTACT_OF = ImportField(
    name="contact",
    refers=True,
    first=True,
    is_person=True,
    headings=(
        "associatedcontactids contactsids whoid contactnameid contactid personid contactname personname "
        "contactperson contact person participants associatedcontact kontakt ansprechpartner"
    ),
)

ACTIVITIES = RecordKind(
    name="activities",
    named=False,
    fields=(
        _id("activityid", "taskid", "eventid", "callid", "noteid", "meetingid", "messageid"),
        ImportField(
            name="kind",
            cell_type=CellType.WORD,
            longest=80,
            headings="activitytype activitytypeid tasksubtype tasktype messagetype type art typ aktivitatstyp",
        ),
        ImportField(
            name="status",
            cell_type=CellType.WORD,
            longest=80,
            headings="done taskstatus meetingoutcome status isclosed completed erledigt",
        ),
        ImportField(
            name="result",
            cell_type=CellType.WORD,
            longest=120,
            headings="calloutcome callresult calldisposition result outcome ergebnis",
        ),
        ImportField(
            name="subject",
            longest=2_000,
            headings=(
                "subject calltitle meetingname meetingtitle tasktitle notetitle emailsubject "
                "summary title name betreff titel"
            ),
        ),
        ImportField(
            name="body",
            cell_type=CellType.LONG,
            joins=True,
            longest=32_768,
            headings=(
                "notebody notecontent callnotes internalmeetingnotes meetingdescription meetingnotes "
                "tasknotes emailbody body description descriptionofactivity comments contents note "
                "notes text content beschreibung notiz inhalt"
            ),
        ),
        _DEAL,
        _COMPANY_OF,
        _CONTACT_OF,
        ImportField(
            name="about",
            refers=True,
            first=True,
            headings=(
                "whatid relatedtoid parentidid messagerecordname relateddocumentid resid parentid "
                "documentname resname recordname relatedto parentname regarding zugehorigzu"
            ),
        ),
        ImportField(
            name="email",
            cell_type=CellType.EMAIL,
            headings="contactemail personemail emailaddress email emailadresse",
        ),
        ImportField(
            name="owner",
            longest=254,
            headings=(
                "activityassignedto assignedtouser assignedtouserid assignedto assigneduserid assigneduser "
                "assignedusername taskowner callowner noteowner eventowner host ownerid owner author "
                "authorid createdby creator user userid besitzer verantwortlich zugewiesenan autor"
            ),
        ),
        ImportField(
            name="happened_on",
            cell_type=CellType.MOMENT,
            joins=True,
            headings=(
                "startdatetime meetingstarttime callstarttime starttime datestart activitydatetime "
                "activitydate eventstart from date datum am"
            ),
        ),
        ImportField(
            name="due_on",
            cell_type=CellType.MOMENT,
            joins=True,
            headings="duedate datedue datedeadline dueat due deadline dateend falligam fallig",
        ),
        ImportField(
            name="done_on",
            cell_type=CellType.MOMENT,
            headings=(
                "completeddatetime markedasdonetime completedat completiondate datecompleted closedtime "
                "doneat completedon erledigtam"
            ),
        ),
        ImportField(
            name="created_on",
            cell_type=CellType.MOMENT,
            headings=(
                "createdate createddate createdtime addtime createdat createdon created dateadded "
                "erstelltam angelegtam"
            ),
        ),
        ImportField(
            name="more",
            cell_type=CellType.LABELLED,
            longest=32_768,
            headings=(
                "tags tag labels label location ort callduration callduration durationinminutes duration "
                "dauer calldirection calltype callpurpose direction priority prioritat schlagworte"
            ),
        ),
        _GONE,
    ),
)

# The lines of deals: what is to be sold, how much of it, for how much.
LINES = RecordKind(
    name="lines",
    named=False,
    fields=(
        _id("lineitemid", "opportunitylineitemid", "orderlineid"),
        _DEAL,
        _COMPANY_OF,
        ImportField(
            name="product",
            longest=150,
            required=True,
            headings=(
                "product2id productid productname product itemname lineitem name artikel produkt "
                "produktname"
            ),
        ),
        ImportField(
            name="quantity",
            cell_type=CellType.QUANTITY,
            headings="quantity productquantity qty orderedquantity menge anzahl stuck",
        ),
        ImportField(
            name="price",
            cell_type=CellType.MONEY,
            headings="unitprice itemprice productitemprice salesprice productprice price listprice einzelpreis preis",
        ),
        ImportField(
            name="currency",
            longest=3,
            headings="currency currencycode currencyisocode wahrung",
        ),
        _GONE,
    ),
)
# What was offered, each revision a row: of a file of its own, or of that of the deals.
OFFERS = RecordKind(
    name="offers",
    named=False,
    fields=(
        _id("quoteid", "offerid", "quotationid", "estimateid", "quotenumber", "angebotsnummer"),
        ImportField(
            name="deal",
            refers=True,
            required=True,
            first=True,
            headings=(
                "opportunityid dealid associateddealids potentialnameid dealnameid dealtitle dealname "
                "potentialname deal opportunityname opportunity associateddeal verkaufschance"
            ),
        ),
        _COMPANY_OF,
        ImportField(
            name="subject",
            longest=300,
            headings="quotename quotetitle subject title name description angebot betreff bezeichnung",
        ),
        ImportField(
            name="amount",
            cell_type=CellType.MONEY,
            headings=(
                "quoteamount grandtotal totalprice amounttotal total amount value quotetotal "
                "gesamtbetrag angebotssumme betrag wert summe"
            ),
        ),
        ImportField(
            name="currency",
            longest=3,
            headings="currency currencycode currencyisocode wahrung",
        ),
        ImportField(
            name="sent_on",
            cell_type=CellType.MOMENT,
            required=True,
            headings=(
                "senton datesent sentat sentdate quotedate dateorder orderdate issuedon issuedate "
                "createdate createddate createdtime createdon date gesendetam angebotsdatum datum am"
            ),
        ),
        ImportField(
            name="decision_on",
            cell_type=CellType.DAY,
            headings=(
                "decisionon decisiondate validuntil validtill validitydate expirationdate expirydate "
                "expireson expires gultigbis entscheidungam bindefrist"
            ),
        ),
        _GONE,
    ),
)
# What steps of the process ask, in columns of a file of deals.
ANSWERS = RecordKind(
    name="answers",
    named=False,
    fields=(
        ImportField(
            name="deal",
            refers=True,
            required=True,
            first=True,
            headings=(
                "opportunityid dealid associateddealids recordid externalid id dealtitle dealname deal "
                "opportunityname opportunity name verkaufschance"
            ),
        ),
        _COMPANY_OF,
        ImportField(
            name="answered_on",
            cell_type=CellType.MOMENT,
            headings=(
                "lastmodifieddate modifieddate modifiedtime modifiedon updatetime updatedat updatedon "
                "lastupdatedon writedate lastmodified geandertam aktualisiertam"
            ),
        ),
        # Which column answers which step is asked, and guessed by the step's name.
        ImportField(name="answers", cell_type=CellType.ANSWERS, headings="answers"),
        _GONE,
    ),
)
# Who is on a deal, and what he or she is to it.
ROLES = RecordKind(
    name="roles",
    named=False,
    fields=(
        ImportField(
            name="deal",
            refers=True,
            required=True,
            headings=(
                "opportunityid dealid associateddealids dealtitle dealname deal opportunityname "
                "opportunity recordid id verkaufschance"
            ),
        ),
        _COMPANY_OF,
        ImportField(
            name="people",
            cell_type=CellType.NAMES,
            required=True,
            longest=5_000,
            headings=(
                "associatedcontactids contactid contactnameid personid associatedcontact contactname "
                "contact personname person participants dealparticipants contactperson contacts kontakt "
                "ansprechpartner"
            ),
        ),
        ImportField(
            name="role",
            cell_type=CellType.WORD,
            longest=80,
            headings="role buyingrole contactrole rolle",
        ),
        _GONE,
    ),
)

# Which stage a deal came to, when, and by whom.
HISTORY = RecordKind(
    name="history",
    named=False,
    fields=(
        ImportField(name="id", longest=150, headings="historyid changeid"),
        _GONE,
        # A history of all fields says of each row which one it is about.
        ImportField(
            name="field",
            cell_type=CellType.WORD,
            longest=80,
            headings="field fieldkey fieldname property propertyname changedfield feld",
        ),
        ImportField(
            name="deal",
            refers=True,
            required=True,
            first=True,
            headings=(
                "opportunityid dealid potentialid dealnameid potentialnameid objectid leadid "
                "messagerelateddocumentid relateddocumentid parentid dealtitle dealname potentialname "
                "deal opportunityname opportunity recordname recordid verkaufschance"
            ),
        ),
        _COMPANY_OF,
        ImportField(
            name="to_stage",
            required=True,
            headings=(
                "newstage movedto newvalue newvaluechar stagename value stage dealstage stageid phase "
                "neuephase neuerwert"
            ),
        ),
        ImportField(
            name="from_stage",
            headings=(
                "oldstage previousstage oldvalue oldvaluechar prevstage laststage stage altephase alterwert"
            ),
        ),
        ImportField(
            name="happened_on",
            cell_type=CellType.MOMENT,
            required=True,
            headings=(
                "createddate modifiedtime timestamp logtime changetime changedat changedon datechanged "
                "messagedate date time at createdon updatedat enteredat dateentered seit datum am"
            ),
        ),
        ImportField(
            name="owner",
            longest=254,
            headings=(
                "createdbyid createdby modifiedbyid modifiedby userid username user changedby updatedby "
                "authorid author geandertvon"
            ),
        ),
    ),
)

# What one unit of a foreign currency is worth, from a day on: files say it one way or the other.
RATES = RecordKind(
    name="rates",
    named=False,
    fields=(
        ImportField(
            name="currency",
            longest=3,
            required=True,
            headings="currency currencycode currencyisocode isocode wahrung",
        ),
        ImportField(
            name="day",
            cell_type=CellType.DAY,
            required=True,
            headings="startdate effectivedate validfrom date on from datum ab gultigab",
        ),
        ImportField(name="value", cell_type=CellType.RATE, headings="inverserate"),
        ImportField(
            name="units", cell_type=CellType.RATE, headings="conversionrate unitspercurrency"
        ),
    ),
)

# In this order: what a row refers to comes in before it, in whatever order the files are given.
KINDS = (
    *(PEOPLE, RATES, PRODUCTS, COMPANIES, CONTACTS, DEALS, HISTORY, LINES, ROLES, OFFERS),
    *(ANSWERS, ACTIVITIES),
)
# Those that name stages, and by which fields.
STAGE_FIELDS = {DEALS.name: ("stage",), HISTORY.name: ("to_stage", "from_stage")}
