/** A warning as the registry has it: its code with its values, as text. */
export type WarningValues = Record<string, string>;

export const imported = {
  format: "Format",
  madeBy: "Made by",
  unknown: "not recorded in the file",
  file: "Model file",
  externalId: "External id",
  type: "Type",
  types: {
    binary: "binary classification",
    multiclass: "multiclass classification",
    regression: "regression",
  } as Record<string, string>,
  classes: "Classes",
  positive: "Positive class",
  byName: "Inputs, by name",
  inOrder: "Inputs, in order",
  more: (count: string) => `and ${count} more`,
  statisticsRows: "Rows of the statistics",
  ofFile: "model file",
  ofStatistics: "rows of the statistics",
  size: (name: string, size: string) => `${name}, ${size}`,
  readWith: (format: string, library: string) => `${format}, read with ${library}`,
  warnings: {
    in_order: ({ file }) =>
      `${file ?? ""} has no names of its features: they are taken in the order of datasets.yaml. Check the order.`,
    classes_assumed: ({ file, first, second }) =>
      `${file ?? ""} has no labels of its classes: they are taken to be ${first ?? ""} and ${second ?? ""}.`,
    classes_replaced: ({ file, pairs }) => `The classes of ${file ?? ""} are replaced: ${pairs ?? ""}.`,
    whole_numbers: ({ column, largest, limit }) =>
      `${column ?? ""} has whole numbers up to ${largest ?? ""}. The model takes float32, which has all whole numbers up to ${limit ?? ""} only: predictions may differ from those of the original model.`,
    rounding: ({ column, largest, deviation, error }) =>
      `${column ?? ""} has values up to ${largest ?? ""} with a standard deviation of ${deviation ?? ""}. The model takes float32, whose rounding is up to ${error ?? ""} there: predictions may differ from those of the original model. Subtract an offset in the SQL, and in the training of the original model.`,
  } as Record<string, (values: WarningValues) => string>,
};
