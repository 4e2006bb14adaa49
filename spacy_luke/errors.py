"""Every message a user may see, by code. Codes go by floor: LK1xx encoder, LK2xx tokenization and
features, LK3xx knowledge base and entity vocabulary, LK4xx layers and models, LK5xx pipes,
LK6xx training and scoring, LK7xx checkpoints, command line and project; warnings LKWxxx.

A message names the thing, the number and the way out: `Errors.LK401.format(...)` gives "[LK401] ...".
"""


class _WithCodes(type):
    """`Errors.LK101` is its text with the code in front."""

    def __getattribute__(cls, name: str):
        value = super().__getattribute__(name)
        return f"[{name}] {value}" if name.startswith("LK") else value


class Errors(metaclass=_WithCodes):
    # --- encoder -------------------------------------------------------------------------------
    LK101 = "config.json says {name} = {value!r}. It must be a whole number of at least 1."
    LK102 = (
        "config.json says hidden_size = {hidden} and num_attention_heads = {heads}. The first must be a "
        "multiple of the second."
    )
    LK103 = "config.json says hidden_act = {value!r}, an activation that is not known here. Known: {known}."
    LK104 = (
        "config.json says max_position_embeddings = {rows} and pad_token_id = {pad}. The first piece has "
        "position pad_token_id + 1, so no row is left for any piece. Take a longer position table."
    )
    LK105 = (
        "This config.json is of a model of type {kind!r}, not of LUKE or mLUKE. Turn BERT, RoBERTa and XLM-R "
        "into a LUKE first: python -m spacy luke convert SOURCE OUT."
    )
    LK106 = "There is no file {path}. A LUKE checkpoint in Hugging Face layout has a config.json."
    LK107 = "{path} cannot be read as a config: {why}. Copy the file again, it may be cut off."
    LK110 = "The view {view!r} does not exist. What a slot may see is 'full' or 'words'."
    LK111 = (
        "A window has {n} pieces, special pieces included, and this encoder has positions for {limit}. "
        "Cut the text into shorter windows."
    )
    LK112 = (
        "slot_ids has shape {shape} (batch, slots), so {name} must begin with the same two sizes, but it "
        "is {found}. Give it, or leave slot_ids out for a batch without entities."
    )
    LK113 = "entity_vectors are {found} wide, the entity table of this encoder is {emb} wide. Give vectors of that width."

    # --- tokenization and features -------------------------------------------------------------
    LK201 = (
        "The tokenizer has no piece for `{role}`: none of {names} is in its vocabulary. Name the piece in "
        "tokenizer_config.json (as \"mask_token\") or give a tokenizer that was made for this encoder."
    )
    LK202 = (
        "No tokenizer in {path}. Expected tokenizer.json, or sentencepiece.bpe.model, or vocab.json with "
        "merges.txt, or vocab.txt."
    )
    LK231 = (
        "The suggester was asked for spans of up to {max_words} words. Give `max_words` of at least 1 "
        "(10 reaches nearly all names)."
    )

    # --- knowledge base and entity vocabulary --------------------------------------------------

    # --- layers and models ---------------------------------------------------------------------

    # --- pipes ---------------------------------------------------------------------------------

    # --- training and scoring ------------------------------------------------------------------

    # --- checkpoints, command line, project ----------------------------------------------------
    pass


class Warnings(metaclass=_WithCodes):
    # --- pipes ---------------------------------------------------------------------------------
    pass
