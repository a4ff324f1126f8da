"""Every error and note that has a code, explained in a paragraph."""

from __future__ import annotations

CODES: dict[str, str] = {
    # Data that cannot be read or used.
    "AS100": "Events are a table with text columns user and item and, if wanted, numeric columns "
    "rating and time. Build them with read_events, which converts any source.",
    "AS101": "The path does not exist, may not be read, or is a folder without Parquet files. "
    "Check its spelling and permissions.",
    "AS102": "The source has no interactions: it is empty or has a header only. Look whether the "
    "export that made it ran through.",
    "AS103": "The bytes of the file are not text in the encoding it was read with. Name another "
    "with --encoding; files from spreadsheets are often cp1252 or utf-16.",
    "AS104": "A column that was asked for is missing, or occurs twice. The message lists the "
    "columns found. Use --user, --item, --rating and --time, and --no-header for a file whose "
    "first line is data already.",
    "AS105": "With this separator the lines have one field only, so another is meant, or two "
    "separators would fit. Name it with --separator.",
    "AS106": "Lines differ in their number of fields, or a quote is not closed; the message shows "
    "line numbers. Correct them, or drop them with --skip-bad-lines, which counts what it drops.",
    "AS107": "The file is cut off or not what its ending says, such as half a Parquet or gzip "
    "file. Get or write it again.",
    "AS108": "The source or its format is of no known kind, as Feather, .npz, .xlsx, JSON and "
    "archives are not, or two roles name the same column. Known are delimited text, LightGCN text, "
    "Parquet, Polars and pandas frames and scipy sparse matrices.",
    "AS109": "Ids must be text or whole numbers of one type. Floats that are not whole, and "
    "columns that mix types, cannot be told apart safely: convert them first. Ids asked for are "
    "text: '7'.",
    "AS110": "There must be one user for every item when interactions are built from two arrays.",
    "AS111": "A user or item number is outside 0 .. n-1, or not whole. Numbers come from a "
    "vocabulary; ids are the user's own labels.",
    "AS112": "Parts of a dataset must number the same users and items. Read and split them "
    "together.",
    "AS113": "More than one row in a hundred lacks a user or an item, which points to a wrong "
    "column. Complete the rows, or drop them with --skip-bad-lines.",
    "AS114": "The rating column has values that are not numbers. Name another column or leave it "
    "out; then every row counts as a positive.",
    "AS115": "Times must be all numbers of one unit or all dates of one form. The message shows "
    "values that do not fit. Dates such as 01/02/2020 are read, day first, where a day above 12 "
    "shows that it is; else write the year first.",
    "AS116": "Files ending in .inter have RecBole's header of name:type fields, such as "
    "user_id:token. Sequences are not interactions.",
    "AS117": "Lines of whole numbers can be 'user item item ...' or a table. For a table name the "
    "columns, as of a file without a header: --no-header --user column_1 --item column_2; else say "
    "--file-format lightgcn.",
    "AS118": "Names of a matrix must fit its shape, users by items, and be distinct. When the "
    "sizes fit crosswise, the matrix is transposed.",
    "AS120": "Some ratings are zero, negative or missing, so not every row can mean that the user "
    "liked the item. Say from which rating on it does, with --min-rating, or leave the rating "
    "column out.",
    "AS121": "No rating reaches the minimum, so nothing is left. Lower --min-rating.",
    "AS122": "Users and items with too few partners were dropped in turn until none was left; the "
    "message gives the sizes by round. Lower --k-core.",
    "AS123": "After splitting, the training part has no interactions.",
    "AS124": "A cut in time leaves a part empty because too many rows share a time. Use the split "
    "'ratio', or give the parts as files.",
    "AS125": "The same pair is in two parts, so the model would be tested on what it was trained "
    "on. Remove it from one; only where this is wanted, pass --allow-overlap. The same file as "
    "validation and test is always refused.",
    "AS126": "The splits leave-last and temporal need a time in every row. Name the column with "
    "--time.",
    "AS127": "With a single user or item there is nothing to rank. Check the columns.",
    "AS130": "Ids of a vocabulary are text and occur once each.",
    "AS131": "A number was looked up that the vocabulary never gave out.",
    "AS132": "The file of ids is damaged: with other ids, recommendations would go to the wrong "
    "people. Restore it, or run again.",
    "AS133": "Recommendations were asked for users with nothing in the training data, of whom the "
    "model knows nothing. Pass --unknown skip to leave them out, or --unknown popular to give "
    "them the items that most users have.",
    "AS134": "Items that nobody had in training have rows that mean nothing, so none is similar to "
    "them and they say nothing about a new user. Ask for other items.",
    "AS135": "The file with ids cannot be read. It holds one id per line, in UTF-8.",
    "AS140": "Items to be ranked are among those the user has already, which are not ranked. Parts "
    "that overlap were given.",
    "AS141": "There is no user with a held-out item to average over. Hold out more.",
    "AS142": "The tables, or the model, were made for other users and items than the interactions, "
    "or tables are of different widths.",
    "AS143": "Nothing was recommended, or nothing was trained on, so that this measure is 0 / 0.",
    "AS144": "The search compares samplers on validation interactions, and there are none. Give "
    "--valid, or a share for validation.",
    "AS145": "Two runs can be compared user by user only on the same test split.",
    "AS146": "A folder of data has one file for each part: train, test and, if wanted, valid.",
    "AS147": "The data changed after the bench was planned, so that results could not be compared.",
    # Notes about data: nothing to do unless the count surprises.
    "AS150": "What was read, before anything was dropped.",
    "AS151": "Rows without a user or item were dropped; at most one in a hundred may be.",
    "AS152": "Ids came as floats, mostly because a column had gaps; 1.0 was read as 1.",
    "AS153": "Some ids differ only by white space at the ends. They are kept apart; clean them if "
    "they are meant to be one.",
    "AS154": "Some ids look the same and differ in how accents are stored. They are kept apart; "
    "--normalize-ids nfc makes them one.",
    "AS155": "Most user ids are also item ids: look whether the columns are the right ones.",
    "AS156": "Lines with the wrong number of fields were skipped, as asked.",
    "AS157": "Lines of LightGCN text that name a user without items were passed over.",
    "AS158": "Stored zeros of the matrix were dropped, or it has rows and columns with no entry.",
    "AS159": "How times were read: their unit and range. Look whether they are plausible.",
    "AS160": "The same user had the same item several times; one row of each is kept, before the "
    "split, so that no pair is in two parts.",
    "AS161": "Rows with a low or unusable rating are no positives and were dropped.",
    "AS162": "Every rating counts as a positive, since no minimum was given.",
    "AS163": "Users and items with few partners were dropped; the sizes by round are given.",
    "AS164": "Users with too few items to hold one out are in training only.",
    "AS165": "Leave-last holds out each user's latest item, so what others did later can be in "
    "training. The split 'temporal' cuts all users at one time.",
    "AS166": "Rows of a user share a time; their order was settled by a hash of their ids.",
    "AS167": "Where the data was cut in time.",
    "AS168": "No validation was given, so a share of each user's training items was taken.",
    "AS169": "The same pairs are in two parts, as allowed; measures are too good for them.",
    "AS170": "Some users have every item. They have no negatives and take no part in training.",
    "AS171": "Some held-out users have nothing in training; they are ranked by untrained rows and "
    "lower the means. --cold-users drop leaves them out.",
    "AS172": "Some test items have nothing in training. They stay among the ranked items, since "
    "leaving them out would flatter the model.",
    "AS173": "Times lie in 1970 or before, or in the future. Often a missing value was stored as "
    "0, or the unit is another than the one that was guessed.",
    "AS174": "Held-out rows of users with nothing in training were dropped, as --cold-users drop "
    "asks.",
    "AS175": "So many pairs of --exposed are of users and items that the data has.",
    "AS176": "Rows of --exposed are of users or items without any interaction, about which nothing "
    "can be learned. They are left out.",
    "AS177": "The test that was given holds out some items more often than a random share of each "
    "user's items would, as a cut in time does. Validation is drawn at random from training, so a "
    "choice by it may not be the best one on the test. Where times are known, give a validation "
    "that was cut like the test, or let --split temporal cut both.",
    # Settings.
    "AS200": "The command does not exist in this form: an argument or option is missing, unknown "
    "or of another type. `autosample COMMAND --help` lists what there is.",
    "AS201": "The number of threads must be 1 or more. It changes the speed and no result.",
    "AS202": "A setting does not exist or is out of range; all that are wrong are listed, with the "
    "nearest name.",
    "AS203": "There is no model of this name. `autosample models` lists them.",
    "AS204": "What to do about unknown users is one of: error, skip, popular.",
    "AS205": "The object has learned nothing yet: call fit, or AutoSample.load with the folder of "
    "a run.",
    "AS206": "Recommendations are written as parquet, csv or jsonl, by the ending of the name or "
    "by --format. Only csv and jsonl can be printed.",
    "AS207": "There is no such code; the nearest are named.",
    "AS208": "Options exclude each other: lists are for --user, --users-file, --all or "
    "--similar-to, and printed in a --format or as --json; a comparison is not compared with other "
    "runs, and a dataset that has been read is not read in another way.",
    "AS209": "Settings of a bench are written as name=value, with the names that `autosample run` "
    "has as options. Models, strategies, candidates and seeds have options of their own, and in a "
    "comparison strategies differ in budget and retrain at most.",
    "AS210": "An embedding has at least one dimension.",
    "AS211": "The number of propagations of a graph model is 0 or more.",
    "AS212": "A batch has at least one positive.",
    "AS213": "The learning rate lies in (0, 10) and the weight of L2 in [0, 10).",
    "AS214": "A setting of the simulation is out of its range, named in the message.",
    "AS215": "The environment variable AUTOSAMPLE_KERNELS says which path kernels take: numba, as "
    "when it is not set, or torch, which is slower and for comparison.",
    "AS216": "The device is none that a run can train on, or is not there; the message lists what "
    "is. `cuda` needs an NVIDIA or AMD GPU and a build of torch for it. A run goes on where it "
    "began; `autosample resume RUN --fork FOLDER --device cpu` goes on elsewhere. A run that is "
    "over can be used on any machine.",
    "AS217": "With `--device auto` a run takes the first GPU, or the CPU without one. Last digits "
    "differ between devices, so the run keeps the name of what was chosen.",
    "AS220": "A sampler's setting is out of its range. `autosample samplers` says what each does.",
    "AS221": "There is no sampler of this name; the nearest is named.",
    "AS222": "The sampler has no setting of this name; those it has are listed.",
    "AS223": "A sampler is written as name:key=value:key=value, with values of the right type and "
    "every key once.",
    "AS224": "A sampler is known by the name of its class, in labels, states and results. Found "
    "under another, as a subclass that inherits its name, it would be taken for another sampler.",
    "AS225": "A package says that it brings a model or a sampler, and that cannot be imported. "
    "Models and samplers of autosample itself go on working; what lists all there are does not.",
    "AS226": "A sampler keeps the arguments of its constructor under their names: its label, by "
    "which states and results know it, is made of them. So it takes no *args or **kwargs.",
    "AS230": "There is no metric of this name; those there are, are listed.",
    "AS231": "Metrics are written with a cut-off from 1 on, such as ndcg@20; lists have at least "
    "one item.",
    "AS240": "A minimum rating needs ratings, and bounds of a k-core are 0 or more.",
    "AS241": "The shares of validation and test together must leave something to train on.",
    "AS242": "The split is ratio, leave-last or temporal. Parts given as files are taken as they "
    "are: no k-core, and validation only together with a test.",
    "AS243": "Ids are normalised to nfc or not at all; cold users are kept or dropped.",
    "AS250": "A search trains for at least one epoch, in windows of at least one, and has patience "
    "for at least one.",
    "AS251": "A search needs at least one candidate sampler.",
    "AS252": "The level of the tests lies between 0 and 1, and the step along hardness above 1.",
    "AS253": "A budget is a positive number of trainings of the given epochs. Adaptive "
    "search needs one that pays for its race and the training after it, and halving for an epoch "
    "of every candidate in every rung, since these are not cut short.",
    "AS260": "A mixture is made of at least one sampler.",
    "AS261": "A mixture has one weight per sampler, none negative, not all zero.",
    "AS262": "A setting of the learned mixture must be positive.",
    "AS270": "Some commands and strategies need packages that are not installed with autosample "
    "itself; each names the extra that brings them.",
    "AS271": "A run is exported as embeddings, faiss, onnx, trec or recbole.",
    "AS272": "The server cannot listen at this address: something else does, mostly another "
    "server, or the address is not of this machine. Name another with --port or --host.",
    "AS280": "A view for samplers is made of tables (U, D) of users and (I, D) of items, or of as "
    "many of them per side as the model has layers, with a row for each user and item of the "
    "interactions. Several layers are pooled by mean or concat.",
    "AS281": "Recommendations come as a Polars frame, as a pandas frame or as a pyarrow table.",
    "AS282": "The RecBole configuration asks for something that has no counterpart here and would "
    "change the result, so it is not passed over silently.",
    "AS283": "A batch for NegativeSampling is three (B,) tensors of whole numbers, whose users and "
    "positives are those of the interactions. Compiled kernels check no bounds.",
    "AS284": "A call in Python has an argument that does not exist, with the nearest name, or one "
    "of another type than its documentation says, such as the text of a sampler where a sampler is "
    "wanted, or 2.0 for a whole number.",
    "AS285": "By the estimate made before a run starts, it needs more memory than is free: tables "
    "and moments grow with users, items and --dim, the states a search keeps with its candidates. "
    "The run goes on; if the system ends it, resume it on a larger machine.",
    "AS290": "The request does not fit its description: a name, type or limit. The "
    "server's /openapi.json has all of them.",
    "AS291": "The body of the request is larger than the server takes, or took too long to come.",
    "AS292": "The server has nothing at this path, or not with this method. Its /openapi.json "
    "lists all it has.",
    "AS293": "A server on a loopback address answers under names of this machine only, so that no "
    "page in a browser can reach it under another; and a reload is asked from this machine.",
    "AS294": "The server met an error of its own. Its log has the traceback; please report it.",
    "AS295": "So many requests wait already that the server takes no more. Come back later.",
    "AS296": "There is no run of this name in the folder that is shown.",
    # Samplers.
    "AS301": "A user has every item, so that no negative exists. Training leaves such users out; a "
    "loop of one's own must too.",
    "AS302": "Weights of items that negatives are drawn by must be positive and finite, and not so "
    "far apart that what a user has not seen is lost in rounding.",
    "AS303": "The sampler was used before prepare() and begin_epoch(), which gather what it needs.",
    "AS304": "A sampler raised an error of its own, shown in the message. Those of other packages "
    "are checked with autosample.testing.check_sampler.",
    "AS305": "A sampler returned something else than one row of item numbers per positive, on the "
    "batch's device, with weights and vectors to match. It is refused before a compiled kernel "
    "reads it.",
    "AS306": "The sampler draws from what users were shown but did not take, which is a table of "
    "its own: `--exposed FILE`, `load_dataset(..., exposed=...)`.",
    # Training.
    "AS401": "No user has both an item and a lack of one, so there are no pairs to learn from. "
    "Check filters and split.",
    "AS402": "The loss became infinite or not a number, mostly because steps are too long. The "
    "message names the step, the sampler, the learning rate, the longest embedding row and pairs "
    "of the batch by number. Lower --lr. The last checkpoint was made before.",
    "AS403": "Embedding rows became very long, which comes before a loss that is not finite. "
    "Lower --lr or raise --l2.",
    "AS404": "There is not enough memory. Before a run starts, its tables with their moments and "
    "the interactions must fit; AS285 warns earlier, by all that a run will need. Choose a smaller "
    "--dim, --batch-size or pool.",
    "AS405": "The batch size is larger than the training data, so that an epoch is a single step.",
    "AS406": "A model cannot be made, raised an error of its own, shown in the message, or has "
    "layers of a wrong shape. Those of other packages are checked with "
    "autosample.testing.check_model.",
    "AS410": "Scores are not numbers, so nothing can be ranked. Training diverged: lower --lr.",
    # Run folders.
    "AS501": "A new run or export needs an empty folder, so that nothing is overwritten, and a "
    "comparison or bench one that is not of a run. "
    "Name another with --out, or go on with the run in it by `autosample resume`.",
    "AS502": "The disk is full. What was written before is intact: free some space and resume.",
    "AS503": "The folder may not be written to. Name another with --out.",
    "AS504": "The disk or its file system failed, or the folder is not there. What was written "
    "before is intact as far as the disk is.",
    "AS505": "Another process runs in this folder, and two would spoil each other's work. The lock "
    "goes with the process, however it ends.",
    "AS506": "The content of a file is not what was written: it was cut off, changed, damaged or "
    "removed. For a checkpoint the one before is used; for anything else restore a copy or run "
    "again.",
    "AS507": "This is not the folder of a run, or the run ended before its data was written. Start "
    "it anew.",
    "AS508": "The folder was made by a version of autosample with another layout.",
    "AS509": "The run has not ended yet, so it has no result. Wait for the process that works on "
    "it; `autosample resume` goes on with a run that was cut off.",
    "AS510": "On resuming, a search is told what it was told before, and this one then asked for "
    "something else than before: another version of autosample decides differently. Resume with "
    "the version in environment.json, or repeat the run.",
    "AS511": "The run was asked to stop, by Ctrl-C, SIGTERM or the program that runs it. It has "
    "made a checkpoint after the batch it was in, and `autosample resume` goes on with the next.",
    "AS512": "A run's settings are fixed when it begins. `autosample resume RUN --epochs 200 "
    "--fork NEW` makes a new run with other ones; it goes on from the checkpoint if a run with the "
    "new settings would have come there too, and else starts from the beginning, and says which.",
    "AS513": "The data is not that of the run, whose folder has its own copy. Leave it out to go "
    "on, or start a new run with it.",
    "AS514": "Another version of autosample, or other code of the same one, began the run and may "
    "decide or train differently. "
    "Resume with that version, or go on in a new folder with --fork.",
    "AS515": "The folder changed each time it was read, so nothing of one state could be had. Wait "
    "until its run is over.",
    "AS516": "The folder whose runs are to be listed is not there, or is no folder.",
    "AS520": "A checkpoint was damaged and passed over; the work since the one before is done "
    "again, with the same result.",
    "AS521": "From where the run went on.",
    "AS522": "All checkpoints were damaged, so the run started again. It ends the same.",
    "AS523": "Versions of Python or libraries changed since the run began, so that the last bits "
    "of the result may differ from an uninterrupted run.",
    "AS524": "The file system knows no locks, as some network ones do. Take care that only one "
    "process works in the folder.",
    "AS525": "Where a forked run begins: at the checkpoint of the other run, or at the beginning.",
    "AS531": "This is not the folder of a bench. `autosample bench plan` makes one.",
    "AS532": "The bench was made by a version of autosample with another layout.",
    "AS533": "A page shows the runs of one dataset and model, under the same settings.",
    "AS550": "The report cannot be written where it was asked for. Name another file with --out, "
    "or make room.",
    # Anything else.
    "AS900": "Something went wrong that nobody foresaw: a mistake in autosample. The traceback "
    "was written to a file, whose path the message gives; `autosample --debug` prints it. Please "
    "report it with the command.",
}
