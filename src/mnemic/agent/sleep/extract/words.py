"""General English word lists. None comes from a data set."""

from __future__ import annotations


def of(words: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(words.split())


PARTNERS = of(
    "wife husband partner spouse girlfriend boyfriend fiance fiancee fiancé fiancée"
)  # fmt: skip
FAMILY = of(
    "mother father mom mum mommy mummy dad daddy sister brother son daughter uncle aunt auntie "
    "cousin grandma grandmother grandpa grandfather granddad nephew niece stepmother stepfather "
    "stepsister stepbrother stepson stepdaughter grandson granddaughter twin godmother godfather "
    "sister-in-law brother-in-law mother-in-law father-in-law son-in-law daughter-in-law baby child"
)  # fmt: skip
ACQUAINTANCES = of(
    "friend boss manager supervisor colleague coworker co-worker teammate neighbour neighbor "
    "roommate flatmate housemate landlord landlady teacher professor doctor dentist therapist coach "
    "tutor mentor client lawyer accountant trainer assistant lead teammate classmate apprentice "
    "employee intern vet nanny babysitter stylist hairdresser cofounder co-founder advisor adviser"
)  # fmt: skip
PETS = of(
    "dog cat puppy kitten rabbit hamster parrot horse pony tortoise turtle goldfish fish bird canary "
    "budgie snake lizard gecko ferret chicken hen duck goat pig cow sheep spaniel poodle labrador "
    "retriever terrier beagle corgi dachshund husky collie bulldog chihuahua pug"
)  # fmt: skip
KIN = PARTNERS | FAMILY
PEOPLE = KIN | ACQUAINTANCES
PLURAL_KIN = of(
    "kids children sons daughters sisters brothers siblings cousins twins nephews nieces "
    "grandchildren parents grandparents dogs cats rabbits hens chickens goldfish horses birds pets"
)
FEMALE = of(
    "wife girlfriend fiancee fiancée mother mom mum mommy mummy sister daughter aunt auntie grandma "
    "grandmother niece stepmother stepsister stepdaughter granddaughter godmother sister-in-law "
    "mother-in-law daughter-in-law landlady"
)
MALE = of(
    "husband boyfriend fiance fiancé father dad daddy brother son uncle grandpa grandfather granddad "
    "nephew stepfather stepbrother stepson grandson godfather brother-in-law father-in-law "
    "son-in-law landlord"
)

OCCUPATIONS = of(
    "accountant actor actress actuary analyst anthropologist apprentice archaeologist architect "
    "archivist artist assistant astronomer astronaut athlete attorney auditor author baker banker "
    "barber barista bartender beautician biologist blogger bookkeeper botanist bricklayer broker "
    "builder butcher buyer captain caretaker carer carpenter cashier caterer ceo cfo chef chemist "
    "chiropractor cleaner clerk clinician coach cobbler coder comedian composer conductor "
    "consultant contractor cook coordinator copywriter coroner counsellor counselor courier cto "
    "curator dancer dealer decorator dentist dermatologist designer detective developer dietitian "
    "dietician diplomat director diver dj doctor dressmaker driver ecologist economist editor "
    "educator electrician engineer entrepreneur estimator executive farmer filmmaker firefighter "
    "fisherman florist founder freelancer gardener geographer geologist glazier goldsmith "
    "graphic-designer groom guard guide hairdresser handyman historian housewife hygienist "
    "illustrator inspector instructor interpreter intern interviewer inventor investigator "
    "janitor jeweller jeweler joiner journalist judge kindergartener laborer labourer landlord "
    "lawyer lecturer librarian lifeguard linguist locksmith machinist maid manager mason "
    "masseur mathematician mayor mechanic merchant meteorologist midwife miner minister model "
    "musician nanny neurologist neuroscientist novelist nurse nutritionist officer operator "
    "optician optometrist owner paediatrician painter paralegal paramedic pastor pathologist "
    "pediatrician pharmacist philosopher photographer physician physicist physiotherapist pianist "
    "pilot planner playwright plumber poet policeman policewoman politician porter postman "
    "potter priest principal producer professor programmer psychiatrist psychologist publicist "
    "publisher radiologist ranger realtor receptionist recruiter referee reporter researcher "
    "restorer retailer roofer sailor salesman salesperson saleswoman scientist sculptor seamstress "
    "secretary shopkeeper singer sociologist soldier solicitor songwriter statistician steward "
    "stewardess stockbroker streamer student stylist superintendent supervisor surgeon surveyor "
    "tailor teacher technician technologist therapist trader trainee trainer translator tutor "
    "typist undergraduate underwriter undertaker usher vet veterinarian videographer violinist "
    "vlogger waiter waitress warehouseman watchmaker weaver welder writer youtuber zoologist "
    "apprentice sysadmin sre administrator strategist marketer lead leader head chief president "
    "chairman chairwoman partner specialist expert"
)  # fmt: skip
STATES = of(
    "married single divorced widowed engaged retired pregnant left-handed right-handed ambidextrous "
    "colour-blind color-blind colorblind deaf blind diabetic asthmatic dyslexic autistic unemployed "
    "self-employed catholic muslim jewish buddhist hindu christian atheist agnostic protestant "
    "orthodox adopted bilingual trilingual bisexual gay lesbian transgender introverted extroverted"
)
DIETS = of("vegan vegetarian pescatarian gluten-free lactose-intolerant celiac coeliac teetotal")
LANGUAGES = of(
    "english portuguese spanish french german italian dutch swedish norwegian danish finnish polish "
    "czech slovak hungarian romanian bulgarian greek turkish russian ukrainian serbian croatian "
    "slovenian albanian arabic hebrew persian farsi urdu hindi bengali punjabi tamil telugu marathi "
    "gujarati mandarin cantonese chinese japanese korean vietnamese thai tagalog filipino indonesian "
    "malay swahili zulu xhosa afrikaans amharic yoruba igbo hausa irish welsh scottish gaelic "
    "catalan basque galician icelandic estonian latvian lithuanian latin esperanto mongolian nepali "
    "sinhala burmese khmer lao georgian armenian azerbaijani kazakh uzbek somali maltese "
    "luxembourgish flemish creole"
)
NATIONALITIES = LANGUAGES - of("latin esperanto mandarin cantonese farsi hindi urdu") | of(
    "american british canadian australian brazilian mexican argentinian chilean colombian peruvian "
    "cuban egyptian moroccan algerian tunisian nigerian kenyan ghanaian ethiopian indian pakistani "
    "bangladeshi israeli iranian iraqi syrian lebanese jordanian saudi austrian belgian swiss "
    "taiwanese singaporean malaysian european african asian angolan mozambican bosnian"
)
COLOURS = of(
    "red blue green yellow black white grey gray brown orange purple pink silver gold golden beige "
    "turquoise navy maroon violet blond blonde"
)
FIELDS = of(
    "finance marketing it sales construction education healthcare nursing law insurance banking "
    "advertising publishing logistics retail hospitality tourism engineering software accounting "
    "consulting research academia agriculture farming manufacturing media journalism tech "
    "technology biotech pharma telecoms security hr procurement design fashion film television "
    "theatre theater government politics medicine architecture e-commerce ecommerce aviation "
    "shipping catering cybersecurity robotics energy mining"
)
WORKPLACES = of(
    "hospital school office bank factory restaurant shop store company lab laboratory library hotel "
    "studio university college clinic museum pharmacy bakery cafe café bar garage warehouse "
    "startup start-up agency firm theatre theater supermarket bookshop bookstore kitchen nursery "
    "kindergarten airport station brewery winery farm salon gym practice ministry embassy"
)
PLACES = of(
    "city town village flat apartment house home countryside coast suburbs suburb island farm "
    "building neighbourhood neighborhood studio cottage bungalow dorm dormitory district street "
    "country mountains outskirts centre center downtown abroad state capital area region house "
    "townhouse condo loft villa basement houseboat caravan"
)
POSSESSIONS = of(
    "car bike bicycle motorbike motorcycle scooter van truck boat sailboat house flat apartment "
    "cottage garden allotment greenhouse piano guitar violin cello drum drums keyboard ukulele "
    "laptop computer desktop tablet phone smartphone camera telescope microscope printer television "
    "tv console playstation xbox bookshop bookstore shop store company business restaurant cafe "
    "café farm studio workshop blog website podcast channel degree phd doctorate diploma licence "
    "license tattoo balcony pool sauna aquarium collection library subscription membership visa "
    "passport e-bike kayak canoe tent caravan campervan motorhome sewing-machine kindle ipad iphone "
    "macbook server nas drone"
)
CONDITIONS = of(
    "diabetes asthma epilepsy adhd dyslexia migraines arthritis eczema psoriasis hypertension "
    "celiac coeliac anaemia anemia insomnia tinnitus autism depression anxiety allergy allergies "
    "intolerance scoliosis glaucoma endometriosis hypothyroidism"
)
KIN_COUNTED = PLURAL_KIN | FAMILY | PARTNERS
CONSUMED = of(
    "coffee tea beer wine milk bread water lunch dinner breakfast cake cakes sandwich pizza ticket "
    "tickets food fruit fruits vegetables groceries snack snacks drink drinks meal apples apple "
    "bananas eggs cheese meat fish chicken beef pork rice noodles chocolate ice-cream cream sugar "
    "flowers bouquet candy juice soup salad watermelon oranges ingredients round thing things stuff "
    "something supplies"
)
DISCOURSE = of(
    "idea thought thoughts point question questions problem problems guess goal goals plan plans aim "
    "concern concerns worry issue issues answer suggestion suggestions opinion view views feeling "
    "feelings hope hopes dream dreams wish wishes mood mind heart bad mistake fault understanding "
    "impression advice way sound look looks fact sense reason attention focus intention request "
    "turn pleasure thing things bet take case day life time times situation experience schedule "
    "condition purpose task job work part word words response decision choice challenge hands eyes "
    "head body back stomach legs muscles love faith trust thanks apologies regards best future past "
    "next first last only main whole entire biggest greatest original initial current true own "
    "exception difference effort attempt trouble activities activity side end start beginning rest lot bit little kind sort type one ones everything something "
    "anything nothing stuff progress state health energy performance"
)
VAGUE_BEING = of(
    "bit little lot mess wreck fan beginner newbie novice fool idiot failure loser burden kind sort "
    "type person one big huge complete total tad while step week month year day minute fraid shame "
    "hurry rush good bad better worse dilemma loss man woman guy girl boy human bot robot machine "
    "assistant member part friend people thing believer way position"
)
TOOLS = of(
    "postgres postgresql mysql mariadb sqlite redis mongodb mongo kafka rabbitmq docker podman "
    "kubernetes terraform ansible jenkins github gitlab bitbucket jira slack discord linux ubuntu "
    "debian fedora windows macos python rust go golang java kotlin scala ruby rails django flask "
    "fastapi react vue angular svelte typescript javascript node deno bun npm yarn pnpm pip uv poetry "
    "conda make cmake bazel vim neovim emacs vscode pycharm notion obsidian excel aws gcp azure "
    "elasticsearch opensearch cassandra dynamodb snowflake spark airflow dbt pandas polars pytorch "
    "tensorflow jax git mercurial subversion svn webpack vite pytest ruff black mypy nginx caddy"
)
NOT_NAMES = of(
    "a about above according actually after again all almost alone also although always am among an "
    "and another any anybody anyone anything anyway are as at away back be because been before being "
    "below best better between both bring but by call can christmas come coming could day dear "
    "december did do does doing done don't down during each easter eat either else enough especially "
    "even evening ever every everybody everyone everything except exercise family few finally first "
    "food for friday friends from get getting give go going good great had half happy has have "
    "having he hello help her here hers hey hi him his home hope how however i i'm i've if in indeed "
    "instead into is it its it's january just july june keep kids know last later least less let "
    "let's life like list live look lot love made make making many march may maybe me meeting might "
    "mine monday money more morning most mr mrs ms much music must my myself near need neither never "
    "new next nice night no nobody none nor not nothing november now nowadays october of off often oh "
    "ok okay old on once one only or other others otherwise our ours out over own parents people "
    "perhaps play please plus probably put rather reading really recently remember right same "
    "saturday say school see september several she should since so some somebody someone something "
    "sometimes soon sorry staff still stop story such summer sunday sure take team tell than thank "
    "thanks that the their them then there these they thing things this those though thought "
    "through thursday time to today together tomorrow tonight too tuesday turn two under until up "
    "us use usually very wait walking was watch we wednesday week welcome well were what whatever "
    "when whenever where whether which while who whoever whole whom whose why will wish with without "
    "wonder wonderful work working world would write yeah year yes yesterday yet you young your "
    "yours spring autumn winter april august february lunch dinner breakfast everyday anything "
    "customer customers client clients product products project number step note notes title content "
    "mom dad mum ai god english chinese"
)  # fmt: skip
SUPPORT = of(
    "i me my mine myself we us our ours ourselves you your yours he she it they him her hers his its "
    "them their theirs this that these those here there one ones such same other others former "
    "latter above below following"
)
