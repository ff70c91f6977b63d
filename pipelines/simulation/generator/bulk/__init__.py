"""Large communities, made a month at a time as columns: `medium` and `mozilla`.

    size       how many, for how long, how much
    places     countries, regions, languages
    crowd      people and accounts as columns; what is planted
    draws      many draws at once: months, moments, who acts
    bugzilla  pontoon  sumo  reps  discourse    what is done there in one month
    names      identifiers of accounts, in clear and hashed
    truth      what is true, noted from the same columns
    keeping    the files that its people keep
    lake       the columns straight into a data folder, without HTTP
    world      the columns as native records, for the servers

One description gives both: a native record and a row of the lake are made of the same columns. Hard cases of
single records (rows that share an instant, odd stamps) are the small community's (`generator/*.py`).
"""
