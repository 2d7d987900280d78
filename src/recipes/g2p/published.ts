// Published error rates on the g014b2b test (CMUdict, PRONASYL 2007 split, no stress), to print beside a model's own.

/**
 * How far a figure was checked: read in the source itself, read in another work that quotes it,
 * or not verified in any source.
 */
export type Evidence = "source" | "quoted" | "unverified";

/** One system on the 12,000 test words; rates in percent, `null` where none was published. */
export type PublishedRow = {
  readonly system: string;
  readonly per: number | null;
  readonly wer: number;
  readonly year: number;
  readonly source: string;
  /** The weaker one where PER and WER differ. */
  readonly evidence: Evidence;
  readonly note?: string;
};

/** What to print after a figure, by its evidence, and what the mark means. */
export const evidenceMarks: Readonly<Record<Evidence, { readonly mark: string; readonly meaning: string }>> = {
  source: { mark: "", meaning: "read in the source" },
  quoted: { mark: "*", meaning: "as quoted by another work" },
  unverified: { mark: "?", meaning: "not verified in the source" },
};

/** SHA-256 (`lexiconDigest`) of the test words that all rows are of, and of the words that their systems were trained on. */
export const publishedDigests = {
  test: "9eec6b81f08df81ac824b8ab95c7f1c26224d443d8e920efcc4f469accbd9bb9",
  training: "ed59b9cd9d82d95262ae42619e0b76653a63e7c84abc640139aa54d2ac4b4580",
} as const;

const yaoZweig = "Yao and Zweig, Interspeech 2015 (arXiv:1506.00196)";
const toshniwal = "Toshniwal and Livescu, SLT 2016 (arXiv:1610.06540)";
const g2pSeq2seq = "cmusphinx/g2p-seq2seq, README";

/**
 * Systems on the same test words, oldest first. Left out: figures on later CMUdict releases, whose labels differ
 * (about 10 points of WER), figures of models whose training data held test words, and other corpora.
 * Differences under about 1 point of WER are within what runs of one system vary by.
 */
export const publishedRows: readonly PublishedRow[] = [
  row("Joint n-gram, maximum entropy", 5.9, 24.7, 2003, "Chen, Eurospeech 2003", "unverified"),
  row("Sequitur, joint n-gram", 5.88, 24.53, 2008, "Bisani and Ney, Speech Communication 50, 2008", "unverified"),
  row("Phonetisaurus with RNNLM, hybrid", 5.5, 23.4, 2014, "Novak et al.; Wu et al. 2014", "unverified"),
  row("LSTM encoder-decoder, no attention, 1 layer", 7.53, 29.21, 2015, yaoZweig, "unverified"),
  row("LSTM encoder-decoder, no attention, 2 layers", 7.63, 28.61, 2015, yaoZweig, "unverified"),
  row("Unidirectional LSTM with alignment", 8.22, 32.64, 2015, yaoZweig, "unverified"),
  row("Unidirectional LSTM with alignment, window 6", 6.58, 28.56, 2015, yaoZweig, "unverified"),
  row("Bidirectional LSTM with alignment, 1 layer", 5.98, 25.72, 2015, yaoZweig, "unverified"),
  row("Bidirectional LSTM with alignment, 2 layers", 5.84, 25.02, 2015, yaoZweig, "unverified"),
  row("Bidirectional LSTM with alignment, 3 layers", 5.45, 23.55, 2015, yaoZweig, "quoted"),
  row("Deep bidirectional LSTM, CTC", null, 25.8, 2015, "Rao et al., ICASSP 2015", "quoted"),
  row("Deep bidirectional LSTM, CTC, with 5-gram FST", null, 21.3, 2015, "Rao et al., ICASSP 2015", "quoted"),
  row(
    "Bidirectional LSTM, many-to-many alignment",
    5.37,
    23.23,
    2016,
    "Mousa and Schuller, Interspeech 2016",
    "quoted",
  ),
  row("LSTM encoder-decoder, global attention", 5.04, 21.69, 2016, toshniwal, "unverified", "+-0.03 PER, +-0.21 WER"),
  row("LSTM encoder-decoder, local-m attention", 5.11, 21.85, 2016, toshniwal, "unverified", "+-0.03 PER, +-0.21 WER"),
  row("LSTM encoder-decoder, local-p attention", 5.39, 22.83, 2016, toshniwal, "unverified", "+-0.04 PER, +-0.21 WER"),
  row("LSTM encoder-decoder, global attention, 5 models", 4.69, 20.24, 2016, toshniwal, "quoted", "ensemble"),
  row("Phonetisaurus WFST", null, 24.4, 2016, g2pSeq2seq, "source", "baseline of that table"),
  row("LSTM with attention, 2 x 64", null, 32.03, 2016, g2pSeq2seq, "source", "other revisions print 31.3 to 32.03"),
  row("LSTM with attention, 2 x 512", null, 24.23, 2016, g2pSeq2seq, "source", "other revisions print 23.3 to 24.7"),
  row("Multitask sequence to sequence, attention", 5.76, 24.88, 2017, "Milde et al., Interspeech 2017", "quoted"),
  row("Transformer, 3 layers of 256", null, 20.6, 2018, g2pSeq2seq, "source", "an earlier revision prints 20.9"),
  row(
    "CNN encoder, bidirectional LSTM decoder",
    4.81,
    25.13,
    2019,
    "Yolchuyeva et al., Applied Sciences 2019",
    "quoted",
  ),
  row("Transformer, 3 x 3", 6.56, 23.9, 2019, "Yolchuyeva et al., Interspeech 2019", "unverified"),
  row("Transformer, 4 x 4", 5.23, 22.1, 2019, "Yolchuyeva et al., Interspeech 2019", "unverified"),
];

/** The row to hold a model of this recipe against: one model, global attention. */
export const publishedAim: PublishedRow = publishedRows.find(
  ({ system, source }) => source === toshniwal && system === "LSTM encoder-decoder, global attention",
)!;

function row(
  system: string,
  per: number | null,
  wer: number,
  year: number,
  source: string,
  evidence: Evidence,
  note?: string,
): PublishedRow {
  return { system, per, wer, year, source, evidence, ...(note === undefined ? {} : { note }) };
}
