"""The sentence templates and adjectives of each shop.

A sentence may use {line}, {brand}, {shop}, {fabric}, {adjective}, {place}, {occasion} and one of the visual words.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Voice:
    """The sentences of one shop; for each product, one of each list is drawn."""

    openings: tuple[str, ...]
    """Templates with {look}, the visible attributes in one phrase ("navy striped t-shirt")."""
    sleeve: tuple[str, ...]
    length: tuple[str, ...]
    neckline: tuple[str, ...]
    pattern: tuple[str, ...]
    shade: tuple[str, ...]
    fabric: tuple[str, ...]
    fit: tuple[str, ...]
    care: tuple[str, ...]
    delivery: tuple[str, ...]
    marketing: tuple[str, ...]
    adjectives: tuple[str, ...]


PLACES = (
    "the Dales", "Padstow", "the city", "a wet Tuesday", "Lisbon", "the allotment", "the school run", "Sunday lunch",
    "the Highlands", "a gallery opening", "the pub garden", "Marseille", "the late train", "a seaside walk", "the loch",
    "Hackney", "a long flight", "market day", "the orchard", "Trieste", "a village fete", "the quay", "the fells",
)  # fmt: skip
OCCASIONS = (
    "weekends", "weddings", "work", "travel", "picnics", "evenings", "festivals", "errands", "brunch", "interviews",
    "gardening", "holidays", "parties", "walks", "studying", "commuting", "dinner", "theatre nights", "rainy days",
)  # fmt: skip

_ALDER = Voice(
    openings=(
        "The {line} is {adjective}: a {look} made the way our grandfathers would have wished.",
        "A {adjective} {look}, cut in our own workroom and named after the village of {line}.",
        "We have sold a {look} since the shop first opened, and the {line} is the best of them yet.",
        "Made for {place}, the {line} is a {adjective} {look} that will see you through many seasons.",
    ),
    sleeve=("It is {sleeve}, as it ought to be.", "The pattern we cut from is {sleeve} and true to our archive."),
    length=("The cut is {length}.", "Our tailor has kept it {length}, which flatters most people."),
    neckline=("Note the {neckline}, finished by hand.", "A {neckline} completes the picture."),
    pattern=("The cloth is {pattern}, matched at every seam.", "The {pattern} cloth was woven to our order."),
    shade=("Our dyers call this {shade}.", "In person the tone leans towards {shade}."),
    fabric=(
        "Made in {fabric} by a house that has supplied us for three generations.",
        "The {fabric} softens with age and keeps its shape.",
        "We chose {fabric} for its honest handle.",
    ),
    fit=(
        "Cut generously; if you are between sizes, take the smaller.",
        "Sizes 8 to 20. Our model is 178 cm tall and wears a 10.",
        "True to size, with an inch to spare for a good lunch.",
    ),
    care=(
        "Hand wash cool and dry flat away from the hearth.",
        "Dry clean only, and brush after wear.",
        "Wash at 30 degrees, reshape while damp, warm iron.",
    ),
    delivery=(
        "Sent in a proper box by second class post.",
        "Dispatched from our Ludlow shop within two working days.",
        "Order before noon and it leaves Ludlow the same afternoon.",
    ),
    marketing=(
        "Mentioned kindly in the Sunday papers.",
        "A gift box may be added at the till.",
        "Members of the Alder circle enjoy first refusal on every new season.",
        "Buy two and save ten pounds this month.",
    ),
    adjectives=(
        "handsome", "dependable", "timeless", "stout", "gentlemanly", "well-mannered", "unfussy", "quiet", "sturdy",
        "old-fashioned", "comfortable", "trusty", "smart", "becoming", "refined", "hardy", "seasoned", "dignified",
    ),
)  # fmt: skip

_BRUNEL = Voice(
    openings=(
        "{line}: {look}, {adjective} by design.",
        "Product summary: {adjective} {look} from the {line} series.",
        "The {line} {look} is engineered for {occasion}.",
        "{look}, second revision. We made the {line} more {adjective} and took nothing away.",
    ),
    sleeve=("Construction: {sleeve}.", "Arms: {sleeve}, set for movement."),
    length=("Length: {length}.", "Pattern grade: {length}."),
    neckline=("Opening: {neckline}.", "Finished with a {neckline}."),
    pattern=("Surface: {pattern}.", "Face fabric is {pattern}, colourfast to grade four."),
    shade=("Dye lot: {shade}.", "Pigment reference {shade}."),
    fabric=(
        "Material: {fabric}, 240 grams per square metre.",
        "Main material {fabric}, tested to 20,000 rubs.",
        "Built from certified {fabric} with bonded seams.",
    ),
    fit=(
        "Fit: standard block. Check the size chart before ordering.",
        "Sizes XS to XXL. Model wears M, height 184 cm.",
        "Fit note: allow two centimetres of ease.",
    ),
    care=(
        "Machine wash 40, tumble low, do not bleach.",
        "Care: wipe with a damp cloth, air dry, store flat.",
        "Wash cold with like items; line dry.",
    ),
    delivery=(
        "Ships next working day from Swindon.",
        "Free delivery over £50, free returns within 30 days.",
        "Click and collect in two hours.",
    ),
    marketing=(
        "Rated 4.6 out of 5 by 212 customers.",
        "Part of the permanent collection.",
        "Save 15 per cent with code RIVET at checkout.",
        "Limited to one production run.",
        "Covered by the {shop} two-year guarantee.",
    ),
    adjectives=(
        "durable", "modular", "precise", "lightweight", "functional", "rugged", "minimal", "technical", "efficient",
        "robust", "adaptable", "breathable", "packable", "streamlined", "practical", "reliable", "versatile", "crisp",
    ),
)  # fmt: skip

_CORSO = Voice(
    openings=(
        "Ciao, gorgeous! Say hello to {line}, the {adjective} {look} we simply cannot stop wearing.",
        "Picture it: {place}, golden hour, and you in this {adjective} {look}.",
        "Meet {line}. She's {adjective}, she's fun, she's the {look} of your dreams.",
        "Obsessed! Our {adjective} {look} {line} is back for {occasion} and beyond.",
    ),
    sleeve=("Love the {sleeve} silhouette!", "Keep it {sleeve} and let the gelato do the talking."),
    length=("That {length} moment? Perfection.", "A {length} shape that moves when you do."),
    neckline=("The {neckline} is made for your favourite necklace.", "We adore a {neckline}, don't you?"),
    pattern=("So {pattern}, so you.", "Hello, {pattern} heaven!", "Go {pattern} or go home, darling."),
    shade=("In dreamy {shade}, amore.", "That {shade} tone is pure Riviera."),
    fabric=(
        "Swoon-worthy {fabric} that feels like a hug.",
        "Floaty, fabulous {fabric}, kind to your skin and to your suitcase.",
        "Spun from the softest {fabric} this side of Sorrento.",
    ),
    fit=(
        "Runs a little big, so size down for a snug feel.",
        "Giulia wears a size S and is 172 cm tall.",
        "True to size, babe. Sizes XXS to XL.",
    ),
    care=(
        "Gentle cycle, cool water, lots of love.",
        "Hand wash only, then lay in the shade like you would.",
        "Pop it in the machine at 30 and skip the dryer.",
    ),
    delivery=(
        "Yours in three to five days, with a little surprise in the box.",
        "Express delivery available, because waiting is so last season.",
        "Not in love? Send it back for free, no hard feelings.",
    ),
    marketing=(
        "Tag us in your pics to be featured!",
        "Trending now and nearly gone, so add to cart quick.",
        "Join the Corso Club and get 20% off your first order.",
        "As seen on everybody cool at fashion week.",
    ),
    adjectives=(
        "dreamy", "flirty", "iconic", "sunny", "dazzling", "effortless", "cheeky", "luscious", "playful", "romantic",
        "breezy", "glam", "heavenly", "irresistible", "whimsical", "bold", "sassy", "delicious", "radiant", "carefree",
    ),
)  # fmt: skip

VOICES = {"alder": _ALDER, "brunel": _BRUNEL, "corso": _CORSO}
