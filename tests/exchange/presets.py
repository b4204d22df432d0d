"""What Salesforce, Zoho, Odoo and EspoCRM write out, by the headings that they really have: for each file
what is in it, its name, its text, and how many of its rows stay out (deleted there, of nobody, or of
another kind)."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Written:
    kind: str
    name: str
    text: str
    out: int = 0


def _csv(heading: str, *rows: str) -> str:
    return "\r\n".join([heading, *rows, ""])


EVA, NORTE, SUR = "0058d000001AAAAAA1", "0018d000001AAAAAA1", "0018d000001BBBBBB2"
ADA, BEN = "0038d000001AAAAAA1", "0038d000001BBBBBB2"
ROLLOUT, RENEWAL, LINE = "0068d000001AAAAAA1", "0068d000001BBBBBB2", "0068d000001CCCCCC3"
PUMP, LEAD = "01t8d000001AAAAAA1", "00Q8d000001AAAAAA1"
# The weekly export of data, or that of the Data Loader: every field by the name that programs use.
SALESFORCE = (
    Written(
        kind="people",
        name="User.csv",
        text=_csv(
            '"Id","Username","LastName","FirstName","Name","Email","IsActive","ManagerId","UserRoleId"',
            f'"{EVA}","eva@norte.crm","Souza","Eva","Eva Souza","eva@seven.test","1","",""',
            '"0058d000001BBBBBB2","old@norte.crm","Ruiz","Otto","Otto Ruiz","otto@seven.test","0","",""',
        ),
    ),
    Written(
        kind="companies",
        name="Account.csv",
        text=_csv(
            '"Id","IsDeleted","MasterRecordId","Name","Type","ParentId","BillingStreet","BillingCity",'
            '"BillingPostalCode","BillingCountry","Phone","Website","Industry","AnnualRevenue",'
            '"NumberOfEmployees","Description","OwnerId","CreatedDate"',
            f'"{NORTE}","0","","Norte SA","Customer","","Main Road 1\nback","Vigo","36201","Spain",'
            f'"+34 1","www.norte.example","Technology","12000000","250","","{EVA}",'
            '"2020-01-15T09:12:44.000Z"',
            f'"{SUR}","0","","Sur SA","Prospect","{NORTE}","","","","","","","","","","","{EVA}",'
            '"2020-01-15T09:12:44.000Z"',
            f'"0018d000001CCCCCC3","1","","Gone SA","","","","","","","","","","","","","{EVA}",'
            '"2020-01-15T09:12:44.000Z"',
        ),
        out=1,
    ),
    Written(
        kind="contacts",
        name="Contact.csv",
        text=_csv(
            '"Id","IsDeleted","MasterRecordId","AccountId","LastName","FirstName","Salutation","Name",'
            '"MailingStreet","MailingCity","MailingCountry","Phone","MobilePhone","Email","Title",'
            '"Department","LeadSource","Birthdate","OwnerId","HasOptedOutOfEmail","CreatedDate"',
            f'"{ADA}","0","","{NORTE}","Vogt","Ada","Ms.","Ada Vogt","","","","+43 1 5551234","",'
            f'"ada@norte.example","CTO","IT","Web","","{EVA}","0","2020-01-15T09:12:44.000Z"',
            f'"{BEN}","0","","{SUR}","Ko","Ben","","Ben Ko","","","","","","ben@sur.example","","","",'
            f'"","{EVA}","0","2020-01-15T09:12:44.000Z"',
        ),
    ),
    Written(
        kind="products",
        name="Product2.csv",
        text=_csv(
            '"Id","Name","ProductCode","Description","IsActive","CreatedDate","Family","IsDeleted"',
            f'"{PUMP}","Pump","P-1","","1","2020-01-15T09:12:44.000Z","Pumps","0"',
            '"01t8d000001BBBBBB2","Old pump","P-0","","0","2020-01-15T09:12:44.000Z","Pumps","0"',
        ),
    ),
    Written(
        kind="deals",
        name="Opportunity.csv",
        text=_csv(
            '"Id","IsDeleted","AccountId","IsPrivate","Name","Description","StageName","Amount",'
            '"Probability","ExpectedRevenue","CloseDate","Type","NextStep","LeadSource","IsClosed",'
            '"IsWon","ForecastCategory","OwnerId","CreatedDate","LastActivityDate","FiscalQuarter",'
            '"ContactId","LastStageChangeDate","CurrencyIsoCode"',
            f'"{ROLLOUT}","0","{NORTE}","0","Rollout","Three lines","Negotiation/Review","12500.5",'
            f'"90.0","11250","2027-03-31","New Business","call","Web","0","0","Commit","{EVA}",'
            f'"2026-01-15T09:12:44.000Z","","1","{ADA}","2026-02-15T09:12:44.000Z","EUR"',
            f'"{RENEWAL}","0","{SUR}","0","Renewal","","Closed Won","9000","100.0","9000","2026-02-20",'
            f'"","","","1","1","Closed","{EVA}","2026-02-01T08:00:00.000Z","","1","",'
            '"2026-02-20T18:30:00.000Z","EUR"',
            f'"{LINE}","0","{SUR}","0","Line","","Closed Lost","1000","0.0","0","2026-02-18","","",'
            f'"","1","0","Omitted","0058d000001BBBBBB2","2026-02-01T08:00:00.000Z","","1","",'
            '"2026-02-18T18:30:00.000Z","EUR"',
            f'"0068d000001DDDDDD4","1","{SUR}","0","Deleted","","Closed Won","1","100","1","2026-02-20",'
            f'"","","","1","1","Closed","{EVA}","2026-02-01T08:00:00.000Z","","1","",'
            '"2026-02-20T18:30:00.000Z","EUR"',
        ),
        out=1,
    ),
    Written(
        kind="deals",
        name="Lead.csv",
        text=_csv(
            '"Id","IsDeleted","LastName","FirstName","Salutation","Name","Title","Company","Street",'
            '"City","Phone","Email","Website","Description","LeadSource","Status","Industry","Rating",'
            '"OwnerId","IsConverted","ConvertedDate","ConvertedOpportunityId","CreatedDate"',
            f'"{LEAD}","0","Novák","Dora","","Dora Novák","CFO","Este SL","","","","dora@este.example",'
            f'"","","Web","Open - Not Contacted","","Hot","{EVA}","0","","","2026-02-01T08:00:00.000Z"',
            f'"00Q8d000001BBBBBB2","0","Vogt","Ada","","Ada Vogt","","Norte SA","","","","","","","",'
            f'"Closed - Converted","","","{EVA}","1","2026-01-15","{ROLLOUT}","2026-01-10T08:00:00.000Z"',
        ),
        out=1,
    ),
    Written(
        kind="roles",
        name="OpportunityContactRole.csv",
        text=_csv(
            '"Id","OpportunityId","ContactId","Role","IsPrimary","CreatedDate","IsDeleted"',
            f'"00K8d000001AAAAAA1","{ROLLOUT}","{BEN}","Decision Maker","0",'
            '"2026-01-15T09:12:44.000Z","0"',
        ),
    ),
    Written(
        kind="lines",
        name="OpportunityLineItem.csv",
        text=_csv(
            '"Id","OpportunityId","SortOrder","PricebookEntryId","Product2Id","ProductCode","Name",'
            '"Quantity","TotalPrice","UnitPrice","ListPrice","Description","CreatedDate","IsDeleted"',
            f'"00k8d000001AAAAAA1","{ROLLOUT}","","01u8d000001AAAAAA1","{PUMP}","P-1","Rollout Pump",'
            '"2.0","2200","1100","1200","","2026-01-15T09:12:44.000Z","0"',
        ),
    ),
    Written(
        kind="activities",
        name="Task.csv",
        text=_csv(
            '"Id","WhoId","WhatId","Subject","ActivityDate","Status","Priority","IsHighPriority",'
            '"OwnerId","Description","IsDeleted","AccountId","IsClosed","CreatedDate",'
            '"CallDurationInSeconds","CallType","CallDisposition","TaskSubtype","CompletedDateTime"',
            f'"00T8d000001AAAAAA1","{ADA}","{ROLLOUT}","Rang","2026-02-03","Completed","Normal","0",'
            f'"{EVA}","She agrees","0","{NORTE}","1","2026-02-03T09:00:00.000Z","120","Outbound",'
            '"","Call","2026-02-03T10:00:00.000Z"',
            f'"00T8d000001BBBBBB2","","{ROLLOUT}","Send the contract","2026-04-01","Not Started",'
            f'"High","1","{EVA}","","0","{NORTE}","0","2026-02-03T09:00:00.000Z","","","","Task",""',
            f'"00T8d000001CCCCCC3","{LEAD}","","First mail","2026-02-02","Completed","Normal","0",'
            f'"{EVA}","Hello","0","","1","2026-02-02T09:00:00.000Z","","","","Email",""',
        ),
    ),
    Written(
        kind="activities",
        name="Event.csv",
        text=_csv(
            '"Id","WhoId","WhatId","Subject","Location","IsAllDayEvent","ActivityDateTime",'
            '"ActivityDate","DurationInMinutes","StartDateTime","EndDateTime","Description","AccountId",'
            '"OwnerId","IsPrivate","ShowAs","IsDeleted","IsChild","CreatedDate","EventSubtype"',
            f'"00U8d000001AAAAAA1","{ADA}","{ROLLOUT}","Demo","Vigo","0","2026-02-04T09:00:00.000Z",'
            f'"2026-02-04","60","2026-02-04T09:00:00.000Z","2026-02-04T10:00:00.000Z","","{NORTE}",'
            f'"{EVA}","0","Busy","0","0","2026-02-01T09:00:00.000Z","Event"',
        ),
    ),
    Written(
        kind="activities",
        name="Note.csv",
        text=_csv(
            '"Id","IsDeleted","ParentId","Title","IsPrivate","Body","OwnerId","CreatedDate"',
            f'"0028d000001AAAAAA1","0","{SUR}","Of them","0","They like pumps","{EVA}",'
            '"2026-02-01T09:00:00.000Z"',
        ),
    ),
)
# The export of a module.
ZOHO = (
    Written(
        kind="people",
        name="Users.csv",
        text=_csv(
            '"First Name","Last Name","Email","Role","Profile","Status"',
            '"Eva","Souza","eva@seven.test","Sales","Standard","active"',
            '"Otto","Ruiz","otto@seven.test","Sales","Standard","inactive"',
        ),
    ),
    Written(
        kind="companies",
        name="Accounts.csv",
        text=_csv(
            '"Record Id","Account Owner.id","Account Owner","Account Name","Phone","Website",'
            '"Parent Account.id","Parent Account","Employees","Industry","Annual Revenue",'
            '"Created Time","Billing Street","Billing City","Billing State","Billing Code",'
            '"Billing Country","Description","Tag","Account Type"',
            '"zcrm_1","zcrm_91","Eva Souza","Norte SA","+34 1","www.norte.example","","","250",'
            '"Technology","12000000","2020-01-15 09:12:44","Main Road 1","Vigo","","36201","Spain","",'
            '"vip","Customer"',
            '"zcrm_2","zcrm_91","Eva Souza","Sur SA","","","zcrm_1","Norte SA","","","",'
            '"2020-01-15 09:12:44","","","","","","","","Prospect"',
        ),
    ),
    Written(
        kind="contacts",
        name="Contacts.csv",
        text=_csv(
            '"Record Id","Contact Owner.id","Contact Owner","Lead Source","First Name","Last Name",'
            '"Account Name.id","Account Name","Email","Title","Department","Phone","Mobile",'
            '"Date of Birth","Email Opt Out","Created Time","Mailing Street","Mailing City",'
            '"Mailing Zip","Mailing Country","Description","Secondary Email","Tag"',
            '"zcrm_11","zcrm_91","Eva Souza","Trade Show","Ada","Vogt","zcrm_1","Norte SA",'
            '"ada@norte.example","CTO","IT","+43 1 5551234","","","false","2020-01-15 09:12:44","","",'
            '"","","","",""',
        ),
    ),
    Written(
        kind="products",
        name="Products.csv",
        text=_csv(
            '"Record Id","Product Owner.id","Product Owner","Product Name","Product Code",'
            '"Product Active","Product Category","Unit Price"',
            '"zcrm_31","zcrm_91","Eva Souza","Pump","P-1","true","Pumps","1200.50"',
        ),
    ),
    Written(
        kind="deals",
        name="Deals.csv",
        text=_csv(
            '\ufeff"Record Id","Deal Owner.id","Deal Owner","Amount","Deal Name","Closing Date",'
            '"Account Name.id","Account Name","Stage","Type","Probability (%)","Expected Revenue",'
            '"Next Step","Lead Source","Campaign Source.id","Campaign Source","Contact Name.id",'
            '"Contact Name","Created Time","Modified Time","Tag","Currency","Exchange Rate",'
            '"Description","Reason For Loss","Overall Sales Duration"',
            '"zcrm_21","zcrm_91","Eva Souza","€ 12,500.50","Rollout","2027-03-31","zcrm_1","Norte SA",'
            '"Negotiation/Review","New Business","90","11250","call","Trade Show","","","zcrm_11",'
            '"Ada Vogt","2026-01-15 09:12:44","2026-02-15 09:12:44","vip,hot","EUR","1","","",""',
            '"zcrm_22","zcrm_91","Eva Souza","€ 9,000.00","Renewal","2026-02-20","zcrm_2","Sur SA",'
            '"Closed Won","","100","","","Cold Call","","","","","2026-02-01 08:00:00","","","EUR","1",'
            '"","",""',
            '"zcrm_23","zcrm_92","Otto Ruiz","","Line","2026-02-18","zcrm_2","Sur SA",'
            '"Closed-Lost to Competition","","0","","","","","","","","2026-02-01 08:00:00","","","EUR",'
            '"1","","",""',
        ),
    ),
    Written(
        kind="deals",
        name="Leads.csv",
        text=_csv(
            '"Record Id","Lead Owner.id","Lead Owner","Company","First Name","Last Name","Title",'
            '"Email","Phone","Mobile","Website","Lead Source","Lead Status","Industry",'
            '"No. of Employees","Annual Revenue","Rating","Created Time"',
            '"zcrm_41","zcrm_91","Eva Souza","Este SL","Dora","Novák","CFO","dora@este.example","","",'
            '"","Web Download","Not Contacted","","","","","2026-02-01 08:00:00"',
            '"zcrm_42","zcrm_91","Eva Souza","Oeste SL","Cid","Ortiz","","","","","","",'
            '"Attempted to Contact","","","","","2026-02-01 08:00:00"',
        ),
    ),
    Written(
        kind="activities",
        name="Tasks.csv",
        text=_csv(
            '"Record Id","Task Owner.id","Task Owner","Subject","Due Date","Contact Name.id",'
            '"Contact Name","Related To.id","Related To","Status","Priority","Closed Time",'
            '"Created Time","Description"',
            '"zcrm_51","zcrm_91","Eva Souza","Send the contract","2026-04-01","zcrm_11","Ada Vogt",'
            '"zcrm_21","Rollout","Not Started","High","","2026-02-01 08:00:00",""',
            '"zcrm_52","zcrm_91","Eva Souza","Sent the offer","2026-02-10","","","zcrm_21","Rollout",'
            '"Completed","Normal","2026-02-10 09:00:00","2026-02-01 08:00:00",""',
        ),
    ),
    Written(
        kind="activities",
        name="Calls.csv",
        text=_csv(
            '"Record Id","Call Owner.id","Call Owner","Subject","Call Type","Call Purpose",'
            '"Contact Name.id","Contact Name","Related To.id","Related To","Call Start Time",'
            '"Call Duration","Description","Call Result","Created Time"',
            '"zcrm_61","zcrm_91","Eva Souza","Rang","Outbound","Prospecting","zcrm_11","Ada Vogt",'
            '"zcrm_21","Rollout","2026-02-03 10:00:00","02:10","She agrees","Interested",'
            '"2026-02-03 10:00:00"',
        ),
    ),
    Written(
        kind="activities",
        name="Meetings.csv",
        text=_csv(
            '"Record Id","Host.id","Host","Title","From","To","All day","Location","Contact Name.id",'
            '"Contact Name","Related To.id","Related To","Description","Created Time"',
            '"zcrm_71","zcrm_91","Eva Souza","Demo","2026-02-04 09:00:00","2026-02-04 10:00:00",'
            '"false","Vigo","zcrm_11","Ada Vogt","zcrm_21","Rollout","","2026-02-01 08:00:00"',
        ),
    ),
    Written(
        kind="activities",
        name="Notes.csv",
        text=_csv(
            '"Record Id","Note Owner.id","Note Owner","Note Title","Note Content","Parent ID.id",'
            '"Parent ID","Created Time"',
            '"zcrm_81","zcrm_91","Eva Souza","Of them","They like pumps","zcrm_2","Sur SA",'
            '"2026-02-01 08:00:00"',
        ),
    ),
)
# A list's export with the headings that people see.
_PARTNERS = _csv(
    '"External ID","Name","Is a Company","Related Company","Related Company/External ID","Email",'
    '"Phone","Mobile","Street","Street2","City","Zip","Country","Website","Job Position","Tags",'
    '"Salesperson","Tax ID"',
    '"__export__.res_partner_1_aa","Norte SA","True","","","","+34 1","","Main Road 1","","Vigo",'
    '"36201","Spain","http://www.norte.example","","vip","Eva Souza","ES1"',
    '"__export__.res_partner_2_bb","Sur SA","True","Norte SA","__export__.res_partner_1_aa","","","",'
    '"","","","","","","","","Eva Souza",""',
    '"__export__.res_partner_3_cc","Ada Vogt","False","Norte SA","__export__.res_partner_1_aa",'
    '"ada@norte.example","+43 1 5551234","","","","","","","","CTO","","Eva Souza",""',
)
ODOO = (
    Written(
        kind="people",
        name="Users (res.users).csv",
        text=_csv(
            '"External ID","Name","Login","Active"',
            '"__export__.res_users_7_dd","Eva Souza","eva@seven.test","True"',
        ),
    ),
    Written(kind="companies", name="Contact (res.partner).csv", text=_PARTNERS, out=1),
    Written(kind="contacts", name="Contact (res.partner).csv", text=_PARTNERS, out=2),
    Written(
        kind="products",
        name="Product (product.template).csv",
        text=_csv(
            '"External ID","Name","Internal Reference","Sales Price","Product Category","Active"',
            '"__export__.product_template_1_ee","Pump","P-1","1200.5","Pumps","True"',
        ),
    ),
    Written(
        kind="deals",
        name="Lead (crm.lead).csv",
        text=_csv(
            '"External ID","Opportunity","Customer","Customer/External ID","Contact Name","Email",'
            '"Phone","Expected Revenue","Stage","Probability","Salesperson","Sales Team",'
            '"Expected Closing","Closed Date","Created on","Last Stage Update","Tags","Lost Reason",'
            '"Source","Active"',
            '"__export__.crm_lead_1_ff","Rollout","Norte SA, Ada Vogt","__export__.res_partner_3_cc",'
            '"","","","12500.5","Proposition","60.0","Eva Souza","","2027-03-31","",'
            '"2026-01-15 09:12:44","2026-02-15 09:12:44","hot","","","True"',
            '"__export__.crm_lead_2_gg","Renewal","Sur SA","__export__.res_partner_2_bb","","","",'
            '"9000.0","Won","100.0","Eva Souza","","2026-02-20","2026-02-20 10:00:00",'
            '"2026-02-01 08:00:00","2026-02-20 10:00:00","","","","True"',
            '"__export__.crm_lead_3_hh","Line","Sur SA","__export__.res_partner_2_bb","","","",'
            '"1000.0","Proposition","0.0","Eva Souza","","","2026-02-18 10:00:00",'
            '"2026-02-01 08:00:00","2026-02-10 10:00:00","","Too expensive","","False"',
            '"__export__.crm_lead_4_ii","Este","Este SL","__export__.res_partner_9_zz","","","",'
            '"0.0","New","10.0","Eva Souza","","","","2026-02-01 08:00:00","2026-02-01 08:00:00","",'
            '"","","True"',
        ),
    ),
    Written(
        kind="activities",
        name="Activity (mail.activity).csv",
        text=_csv(
            '"External ID","Document Name","Related Document Model","Activity Type","Summary",'
            '"Due Date","Assigned to","Note"',
            '"__export__.mail_activity_1_jj","Rollout","crm.lead","Call","Ring again","2026-04-01",'
            '"Eva Souza","<p>About the <b>price</b></p>"',
            '"__export__.mail_activity_2_kk","Rollout","crm.lead","Upload Document","Contract",'
            '"2026-04-02","Eva Souza",""',
        ),
    ),
    Written(
        kind="activities",
        name="Message (mail.message).csv",
        text=_csv(
            '"External ID","Message Record Name","Related Document Model","Related Document ID","Type",'
            '"Date","Author","Subject","Contents"',
            '"__export__.mail_message_1_ll","Rollout","Lead/Opportunity","1","Comment",'
            '"2026-02-03 10:00:00","Eva Souza","","<p>She agrees</p>"',
            '"__export__.mail_message_2_mm","Sur SA","Contact","2","Email","2026-02-01 08:00:00",'
            '"Eva Souza","Pumps","<p>They like pumps</p>"',
        ),
    ),
)
# A list's export: every attribute by the name that programs use, several of one as JSON.
ESPO = (
    Written(
        kind="people",
        name="Export_User.csv",
        text=_csv(
            "id,userName,name,firstName,lastName,emailAddress,isActive",
            '64a0001,eva,"Eva Souza",Eva,Souza,eva@seven.test,1',
            '64a0002,otto,"Otto Ruiz",Otto,Ruiz,otto@seven.test,0',
        ),
    ),
    Written(
        kind="companies",
        name="Export_Account.csv",
        text=_csv(
            "id,name,deleted,website,emailAddress,phoneNumber,type,industry,sicCode,"
            "billingAddressStreet,billingAddressCity,billingAddressState,billingAddressCountry,"
            "billingAddressPostalCode,description,createdAt,assignedUserId,assignedUserName,"
            "targetListIds,targetListNames",
            '64b0001,"Norte SA",0,www.norte.example,office@norte.example,"\'+34 1",Customer,Technology,,'
            '"Main Road 1",Vigo,,Spain,36201,,"2020-01-15 09:12:44",64a0001,"Eva Souza",[],{}',
            '64b0002,"Sur SA",0,,,,,,,,,,,,,"2020-01-15 09:12:44",64a0001,"Eva Souza",[],{}',
        ),
    ),
    Written(
        kind="contacts",
        name="Export_Contact.csv",
        text=_csv(
            "id,name,deleted,salutationName,firstName,lastName,accountId,accountName,title,description,"
            "emailAddress,phoneNumber,addressStreet,addressCity,createdAt,assignedUserId,"
            "assignedUserName,accountsIds",
            '64c0001,"Ada Vogt",0,Ms.,Ada,Vogt,64b0001,"Norte SA",CTO,,ada@norte.example,'
            '"\'+43 1 5551234",,,"2020-01-15 09:12:44",64a0001,"Eva Souza","[""64b0001""]"',
            '64c0002,"Ben Ko",0,,Ben,Ko,64b0001,"Norte SA",,,ben@norte.example,,,,'
            '"2020-01-15 09:12:44",64a0001,"Eva Souza","[""64b0001""]"',
        ),
    ),
    Written(
        kind="deals",
        name="Export_Opportunity.csv",
        text=_csv(
            "id,name,deleted,amount,amountCurrency,amountConverted,amountWeightedConverted,accountId,"
            "accountName,contactsIds,contactsNames,contactId,contactName,stage,lastStage,probability,"
            "leadSource,closeDate,description,createdAt,modifiedAt,assignedUserId,assignedUserName",
            '64d0001,Rollout,0,12500.5,EUR,12500.5,6250,64b0001,"Norte SA",'
            '"[""64c0001"",""64c0002""]","{""64c0001"":""Ada Vogt"",""64c0002"":""Ben Ko""}",64c0001,'
            '"Ada Vogt",Negotiation,Proposal,60,Web Site,2027-03-31,,"2026-01-15 09:12:44",'
            '"2026-02-15 09:12:44",64a0001,"Eva Souza"',
            '64d0002,Renewal,0,9000,EUR,9000,9000,64b0002,"Sur SA",[],{},,,"Closed Won",Negotiation,'
            '100,,2026-02-20,,"2026-02-01 08:00:00","2026-02-20 08:00:00",64a0001,"Eva Souza"',
            '64d0003,Line,0,1000,EUR,1000,0,64b0002,"Sur SA",[],{},,,"Closed Lost",Proposal,0,,'
            '2026-02-18,,"2026-02-01 08:00:00","2026-02-18 08:00:00",64a0002,"Otto Ruiz"',
        ),
    ),
    Written(
        kind="deals",
        name="Export_Lead.csv",
        text=_csv(
            "id,name,deleted,firstName,lastName,title,status,source,industry,opportunityAmount,"
            "website,emailAddress,phoneNumber,accountName,description,createdAt,assignedUserId,"
            "assignedUserName,createdOpportunityId",
            '64e0001,"Dora Novák",0,Dora,Novák,CFO,Assigned,Web Site,,,,dora@este.example,,"Este SL",,'
            '"2026-02-01 08:00:00",64a0001,"Eva Souza",',
            '64e0002,"Cid Ortiz",0,Cid,Ortiz,,"In Process",,,,,,,"Oeste SL",,"2026-02-01 08:00:00",'
            '64a0001,"Eva Souza",',
        ),
    ),
    Written(
        kind="activities",
        name="Export_Call.csv",
        text=_csv(
            "id,name,deleted,status,dateStart,dateEnd,direction,description,parentId,parentType,"
            "parentName,accountId,accountName,contactsIds,createdAt,assignedUserId,assignedUserName",
            '64f0001,Rang,0,Held,"2026-02-03 10:00:00","2026-02-03 10:10:00",Outbound,"She agrees",'
            '64d0001,Opportunity,Rollout,64b0001,"Norte SA","[""64c0001""]","2026-02-03 10:00:00",'
            '64a0001,"Eva Souza"',
            '64f0002,"Ring again",0,Planned,"2027-04-01 10:00:00","2027-04-01 10:10:00",Outbound,,'
            '64d0001,Opportunity,Rollout,64b0001,"Norte SA",[],"2026-02-03 10:00:00",64a0001,'
            '"Eva Souza"',
        ),
    ),
    Written(
        kind="activities",
        name="Export_Task.csv",
        text=_csv(
            "id,name,deleted,status,priority,dateStart,dateEnd,dateStartDate,dateEndDate,dateCompleted,"
            "isOverdue,description,parentId,parentType,parentName,accountId,createdAt,assignedUserId,"
            "assignedUserName",
            '6500001,"Send the contract",0,"Not Started",High,,"2026-04-01 10:00:00",,,,0,,64d0001,'
            'Opportunity,Rollout,64b0001,"2026-02-03 10:00:00",64a0001,"Eva Souza"',
        ),
    ),
)
PRESETS = {"Salesforce": SALESFORCE, "Zoho CRM": ZOHO, "Odoo": ODOO, "EspoCRM": ESPO}
