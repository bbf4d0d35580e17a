// A CSV file, which is the training and the test file. The first byte chooses how it is read.
#include <cstdlib>

#include "input_file.hpp"
#include "problem/data.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static qhn::InputFile file;
  if (size == 0) return 0;
  const unsigned choice = data[0];
  qhn::ProblemOptions options;
  options.kind = qhn::ProblemKind::csv;
  options.data = file.write(data + 1, size - 1);
  if (choice & 1U) options.header = (choice & 2U) != 0;
  if (choice & 4U) options.label_column = 1;
  if (choice & 8U) options.test_fraction = 0.25;
  if (choice & 16U) options.train_limit = 2;
  if (choice & 32U) options.standardize = true;
  if (choice & 64U) options.label = "label";
  if ((choice & 128U) && !(choice & 8U)) options.test_data = options.data;
  qhn::may_refuse([&] {
    const qhn::DataSplit split = qhn::load_csv(options);
    if (split.train.inputs < 1 || split.train.size() == 0 ||
        split.train.features.size() != split.train.size() * std::size_t(split.train.inputs) ||
        split.test.features.size() != split.test.size() * std::size_t(split.test.inputs))
      std::abort();
  });
  return 0;
}
