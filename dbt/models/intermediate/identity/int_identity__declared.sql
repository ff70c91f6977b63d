-- One row an account and a name by which its owner is known elsewhere, as the account itself says:
-- in the people directory, in the community portal, or as the address of a Bugzilla log-in. An
-- address whose domain is hidden or closed names nobody for sure.

select distinct
    'sumo' as source,
    account,
    'people_directory' as rule,
    people_directory_username as name_hash
from {{ ref('stg_sumo__users') }}
where people_directory_username is not null
union all
select distinct 'sumo', account, 'community_portal', community_portal_username
from {{ ref('stg_sumo__users') }}
where community_portal_username is not null
union all
select distinct 'reps', account, 'people_directory', people_directory_username
from {{ ref('stg_reps__people') }}
where people_directory_username is not null
union all
select distinct 'bugzilla', account, 'bugzilla_login', login
from {{ ref('stg_bugzilla__users') }}
where account is not null and login_class in ('mozilla', 'other')
