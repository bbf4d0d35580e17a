#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "../record/temporary_folder.hpp"
#include "core/error.hpp"
#include "problem/data.hpp"
#include "problem/rows.hpp"
#include "problem/split.hpp"

namespace qhn {
namespace {

void expect_contains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
  EXPECT_EQ(text.find('\n'), std::string::npos) << text;
}

struct Csv {
  explicit Csv(const std::string& text) {
    options.kind = ProblemKind::csv;
    options.data = folder.write("train.csv", text);
  }
  DataSplit load() const { return load_csv(options); }
  std::string error() const {
    return message_of<InputError>([&] { load_csv(options); });
  }
  TemporaryFolder folder;
  ProblemOptions options;
};

using Features = std::vector<double>;
using Labels = std::vector<std::uint8_t>;
Features features(const DataSet& data) { return {data.features.begin(), data.features.end()}; }
Labels labels(const DataSet& data) { return {data.labels.begin(), data.labels.end()}; }

void expect_two_rows(const std::string& text) {
  const DataSplit split = Csv(text).load();
  EXPECT_EQ(split.train.inputs, 2) << text;
  EXPECT_EQ(features(split.train), (Features{1, -2.5, 300, 4})) << text;
  EXPECT_EQ(labels(split.train), (Labels{0, 1})) << text;
  EXPECT_EQ(split.test.size(), 0u);
  EXPECT_TRUE(split.remarks.empty()) << split.remarks.front();
}

TEST(Csv, ReadsColumnsAndSkipsAHeader) {
  for (const char* text : {"1, -2.5,0\n3e2,+4,1\n", "x,y,label\r\n1, -2.5,0\r\n3e2,+4,1\r\n\r\n"})
    expect_two_rows(text);
}

TEST(Csv, ReadsEveryDialect) {
  for (const char* text :
       {"1;-2.5;0\n300;4;1\n", "a;b;label\n1;-2.5;0\n300;4;1\n", "1\t-2.5\t0\n300\t4\t1\n",
        "a,b,label\r1,-2.5,0\r300,4,1\r", "\n\na,b,label\n\n1,-2.5,0\n\n300,4,1\n\n",
        "\xEF\xBB\xBF"
        "1,-2.5,0\n300,4,1\n",
        "\xEF\xBB\xBF"
        "a,b,label\n1,-2.5,0\n300,4,1",
        "# made by x\n# second, line\n1,-2.5,0\n# between\n300,4,1\n",
        "\"a\",\"b\",\"label\"\n\"1\",\"-2.5\",\"0\"\n\"300\",\"4\",\"1\"\n",
        "\"a, \"\"b\"\"\nand c\" , \"d;e\" ,label\n 1 , \"-2.5\" , 0\n300, 4 ,\"1\"\n",
        "1,-2.5,0,\n300,4,1,\n", "a,b,label,\n1,-2.5,0,\n300,4,1,\n",
        "a,b,label\n1,-2.5,0,\n300,4,1,\n", "a,b,label,\n1,-2.5,0\n300,4,1\n",
        "1,-2.5,-1\n300,4,1\n", "1,-2.5,0.0\n300,4,+1.0\n"})
    expect_two_rows(text);
}

TEST(Csv, ReadsGzip) {
  Csv csv("");
  gzFile file = gzopen(csv.options.data.c_str(), "wb");
  gzputs(file, "1,0\n2,1\n");
  gzclose(file);
  EXPECT_EQ(features(csv.load().train), (Features{1, 2}));
  std::filesystem::resize_file(csv.options.data, std::filesystem::file_size(csv.options.data) - 9);
  expect_contains(csv.error(), "train.csv: truncated or damaged");
}

TEST(Csv, NamesFileAndLineOfEveryMistake) {
  expect_contains(Csv("1,0\nnan,1\n").error(), "train.csv:2: 'nan' is not a finite number");
  expect_contains(Csv("1,0\n1,1\ninf,1\n").error(), "train.csv:3: 'inf' is not a finite number");
  expect_contains(Csv("1,0\nred,1\n").error(), "train.csv:2: 'red' is not a number (column 1)");
  expect_contains(Csv("a,b,label\n1,0x1F,1\n").error(), "'0x1F' is not a number (column 2, 'b')");
  expect_contains(Csv("1,0\n1_000,1\n").error(), "train.csv:2: '1_000' is not a number");
  expect_contains(Csv("1,0\n1e-400,1\n").error(), "'1e-400' is too large or too small");
  expect_contains(Csv("1,0\n,1\n").error(), "train.csv:2: '' is not a number");
  expect_contains(Csv("1,0\n1,2,1\n").error(), "train.csv:2: 3 columns; the rows above have 2");
  expect_contains(Csv("1\n0\n").error(), "train.csv:1: 1 columns; at least one feature");
  expect_contains(Csv("1 0\n2 1\n").error(), "separated by commas, semicolons or tabs");
  expect_contains(Csv("1,0\n2,3\n").error(), "train.csv:2: label 3 after '0'; allowed: 0 and 1");
  expect_contains(Csv("1,0\n2,-1\n").error(), "train.csv:2: label -1 after '0'");
  expect_contains(Csv("1,0\n2,?\n").error(), "train.csv:2: '?' is not a label");
  expect_contains(Csv("1,0\n2,0\n").error(), "train.csv: no training sample has label 1");
  expect_contains(Csv("a,b\n").error(), "train.csv: holds no samples");
  expect_contains(Csv("").error(), "train.csv: holds no samples");
  expect_contains(Csv("1,0\n\"2,1\n3,0\n").error(), "train.csv:2: a quoted field of this record");
  expect_contains(Csv("1,0\n\"2\"x,1\n").error(), "train.csv:2: text after a closing quote");
  Csv missing("1,0\n");
  missing.options.data += "x";
  expect_contains(missing.error(), "train.csvx: no such CSV file");
}

TEST(Csv, SaysWhatElseAFileIs) {
  expect_contains(Csv(std::string("\xFF\xFE"
                                  "1\0",
                                  4))
                      .error(),
                  "UTF-16 text; allowed: UTF-8");
  expect_contains(Csv(std::string("1\0,\0", 4)).error(), "train.csv:1: a zero byte");
  expect_contains(Csv("PK\3\4").error(), "a zip archive (or a workbook); allowed: UTF-8");
  expect_contains(Csv("\x93NUMPY").error(), "a NumPy array; allowed");
}

TEST(Csv, RefusesSeparatorsThatMayBeEither) {
  for (const char* text : {"1,5;2,5;0\n2,5;3,5;1\n", "1,5\t0\n2,5\t1\n"})
    expect_contains(Csv(text).error(),
                    "ambiguous separator (comma, semicolon or tab); allowed: one");
  expect_contains(Csv("a;b;label\n1,5;2,5;0\n").error(), "allowed: a decimal point, no commas");
}

// What a careless reader takes for another problem.

TEST(Csv, RefusesALabelColumnThatIsNotLast) {
  for (const char* name : {"label", "Class", "target", "y", "class_id", "True Label"}) {
    const std::string text = std::string(name) + ",a,flag\n0,0.1,0\n1,0.5,0\n0,0.2,1\n";
    expect_contains(Csv(text).error(), std::string("train.csv:1: column 1 is '") + name +
                                           "', but the label is read from the last column, 'flag'");
  }
  expect_contains(Csv("# label,a,flag\n0,0.1,0\n1,0.5,0\n").error(), "column 1 is 'label'");
  expect_two_rows("x,y,label\n1,-2.5,0\n300,4,1\n");
  expect_two_rows("classic,history,kind\n1,-2.5,0\n300,4,1\n");
}

TEST(Csv, TakesTheLabelColumnThatIsAskedFor) {
  Csv csv("label,a,flag\n0,0.1,0\n1,0.5,0\n0,0.2,1\n");
  csv.options.label = "label";
  EXPECT_EQ(labels(csv.load().train), (Labels{0, 1, 0}));
  EXPECT_EQ(features(csv.load().train), (Features{0.1, 0, 0.5, 0, 0.2, 1}));
  csv.options.label = "flag";
  EXPECT_EQ(labels(csv.load().train), (Labels{0, 0, 1}));
  csv.options.label = "lable";
  expect_contains(csv.error(), "problem.label is \"lable\", but 0 columns of the header");
  csv.options.label = "";
  csv.options.label_column = 1;
  EXPECT_EQ(labels(csv.load().train), (Labels{0, 1, 0}));
  csv.options.label_column = 4;
  expect_contains(csv.error(), "problem.label is 4; allowed: 1 to 3");
  Csv bare("1,0\n2,1\n");
  bare.options.label = "label";
  expect_contains(bare.error(), "but the file has no header");
}

TEST(Csv, RefusesTheIndexOfADataFrame) {
  for (const char* first : {"", "\"\"", "Unnamed: 0"})
    expect_contains(Csv(std::string(first) + ",a,label\n0,1.5,0\n1,2.5,1\n").error(),
                    "the index of a data frame?");
  expect_contains(Csv(",0,1,label\n0,1.5,2,0\n1,2.5,3,1\n").error(), "the index of a data frame?");
  expect_contains(Csv("a,label\n0,1.5,0\n1,2.5,1\n").error(),
                  "3 columns; the header in line 1 has 2 (an index of rows?)");
  const auto remarks = Csv("0,1.5,0\n1,2.5,1\n2,3.5,1\n").load().remarks;
  ASSERT_EQ(remarks.size(), 1u);
  expect_contains(remarks[0], "train.csv: column 1 counts the rows: is it an index?");
}

TEST(Csv, RefusesAFirstLineThatMayBeHeaderOrSample) {
  const std::string rows = "0.095,1.25,0\n0.569,-0.008,1\n";
  for (const char* first : {"0,1,2\n", "0,1,label\n", "1,2,3\n", "x,2,label\n"})
    expect_contains(Csv(first + rows).error(), "roblem.header = true");
  expect_contains(Csv("0,1\n0.095,0\n0.569,1\n").error(), "train.csv:1: 0, 1, 2, ...: a header");
  expect_contains(Csv("0,1,species\n0.1,1.25,cat\n0.5,-0.008,cat\n").error(),
                  "train.csv:1: no other line has this label: a header or a sample?");
  for (const char* first : {"?,?,?\n", ",,\n", "NA,NA,NA\n", "NaN,NaN,NaN\n", "?,1.25,0\n"})
    expect_contains(Csv(first + rows).error(), "train.csv:1: ");
  Csv header("0,1\n0.095,0\n0.569,1\n");
  header.options.header = true;
  EXPECT_EQ(features(header.load().train), (Features{0.095, 0.569}));
  header.options.header = false;
  EXPECT_EQ(features(header.load().train), (Features{0, 0.095, 0.569}));
}

TEST(Csv, MapsTwoWordsInAscendingOrder) {
  const DataSplit split = Csv("a,species\n1,dog\n2,cat\n3,\"dog\"\n").load();
  EXPECT_EQ(labels(split.train), (Labels{1, 0, 1}));
  ASSERT_EQ(split.remarks.size(), 2u);  // the other: column 1 counts
  expect_contains(split.remarks[1], "label 0 is 'cat', label 1 is 'dog'");
  expect_contains(
      Csv("1,dog\n2,cat\n3,cow\n").error(),
      "train.csv:3: label cow after 'dog' and 'cat'; allowed: 0 and 1, -1 and 1, or two");
  expect_contains(Csv("a,b\n1,dog\n2,1\n").error(), "train.csv:3: label 1 after 'dog'");
}

// ---- the test set ----

TEST(Csv, TakesTheTestSetFromAFile) {
  Csv csv("a,label\n1,dog\n2,cat\n3,dog\n");
  csv.options.test_data = csv.folder.write("test.csv", "a,label\n9,cat\n8,dog\n");
  EXPECT_EQ(features(csv.load().test), (Features{9, 8}));
  EXPECT_EQ(labels(csv.load().test), (Labels{0, 1}));
  csv.options.test_fraction = 0.25;
  expect_contains(csv.error(), "exclude each other");
  csv.options.test_fraction = 0.0;
  csv.folder.write("test.csv", "9,cow\n8,cat\n");
  expect_contains(csv.error(), "test.csv:1: label 'cow'; the training file has 'cat' and 'dog'");
  csv.folder.write("test.csv", "9,9,cat\n");
  expect_contains(csv.error(), "test.csv: 3 columns, but");
  csv.folder.write("test.csv", "b,label\n9,cat\n");
  expect_contains(csv.error(), "test.csv: column 1 is 'b', but 'a' in");
  csv.folder.write("test.csv", "9,cat\n8,cat\n");
  expect_contains(csv.load().remarks.back(), "all 2 test samples have label 0");
}

/// 40 rows, sorted by class: 30 of label 0, 10 of label 1; feature 0 is the row.
std::string sorted_rows() {
  std::string text;
  for (int i = 0; i < 40; ++i) text += std::to_string(i + 10) + ".5," + (i < 30 ? "0\n" : "1\n");
  return text;
}

TEST(Csv, CutsOffAStratifiedTestSetByASeed) {
  Csv csv(sorted_rows());
  csv.options.test_fraction = 0.2;
  const DataSplit split = csv.load();
  EXPECT_EQ(split.test.size(), 8u);
  EXPECT_EQ(std::accumulate(split.test.labels.begin(), split.test.labels.end(), 0), 2);
  EXPECT_EQ(std::accumulate(split.train.labels.begin(), split.train.labels.end(), 0), 8);
  Features all = features(split.train), test = features(split.test);
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
  all.insert(all.end(), test.begin(), test.end());
  std::sort(all.begin(), all.end());
  for (std::size_t i = 0; i < 40; ++i) EXPECT_EQ(all[i], static_cast<double>(i) + 10.5);
  EXPECT_TRUE(split.remarks.empty());

  EXPECT_EQ(features(csv.load().test), test);
  csv.options.split_seed = 2;
  EXPECT_NE(features(csv.load().test), test);
  csv.options.test_fraction = 1.0;
  expect_contains(csv.error(), "problem.test_fraction is 1");
}

TEST(Csv, WarnsOfATestSetOfOneClass) {
  Csv csv("1,0\n3,1\n2,0\n4,1\n");
  csv.options.test_fraction = 0.25;
  expect_contains(csv.load().remarks.back(), "all 1 test samples have label");
}

TEST(Csv, TakesSoManyTrainingSamples) {
  Csv csv(sorted_rows());
  csv.options.train_limit = 12;
  const Labels chosen = labels(csv.load().train);
  EXPECT_EQ(chosen.size(), 12u);
  EXPECT_EQ(std::accumulate(chosen.begin(), chosen.end(), 0), 3);
  const Features few = features(csv.load().train);
  csv.options.train_limit = 16;  // those and others
  for (const double x : few) {
    const Features more = features(csv.load().train);
    EXPECT_TRUE(std::find(more.begin(), more.end(), x) != more.end());
  }
  csv.options.test_fraction = 0.2;
  csv.options.train_limit = 32;
  EXPECT_EQ(csv.load().train.size(), 32u);
  csv.options.train_limit = 33;
  expect_contains(csv.error(), "problem.train_samples is 33;");
  expect_contains(csv.error(), "has 32 training samples");
}

// Pinned: a seed names one split on every machine.
TEST(Split, ASeedNamesOneOrder) {
  EXPECT_EQ(shuffled(8, 1), (std::vector<std::size_t>{2, 3, 1, 5, 7, 6, 0, 4}));
  EXPECT_NE(shuffled(8, 2), shuffled(8, 1));
}

TEST(Split, KeepsTheSharesOfTheClasses) {
  std::vector<std::size_t> order(10);
  std::iota(order.begin(), order.end(), 0u);
  const Labels labels{0, 0, 0, 0, 0, 0, 0, 1, 1, 1};
  EXPECT_EQ(stratified(labels, order, 3), (std::vector<std::size_t>{0, 1, 7}));
  EXPECT_EQ(stratified(labels, order, 5), (std::vector<std::size_t>{0, 1, 2, 3, 7}));
  EXPECT_EQ(stratified(labels, order, 10), order);
  EXPECT_TRUE(stratified(labels, order, 0).empty());
}

// ---- standardize ----

TEST(Standardize, UsesTheTrainingSamplesAlone) {
  RowSplit split;
  split.train = {2, {1, 7, 2, 7, 3, 7, 6, 7}, {0, 1, 0, 1}};
  split.test = {2, {10, 9}, {1}};
  EXPECT_EQ(standardize(split), (std::vector<int>{1}));
  const double deviation = std::sqrt(3.5);  // of 1, 2, 3, 6 around 3
  for (std::size_t k = 0; k < 4; ++k) {
    EXPECT_DOUBLE_EQ(split.train.features[2 * k], (Features{1, 2, 3, 6}[k] - 3) / deviation);
    EXPECT_EQ(split.train.features[2 * k + 1], 0.0);
  }
  EXPECT_DOUBLE_EQ(split.test.features[0], 7 / deviation);
  EXPECT_EQ(split.test.features[1], 0.0);
}

TEST(Standardize, IsAskedForAndSaysWhatIsConstant) {
  Csv csv("1,5,0\n3,5,1\n");
  csv.options.standardize = true;
  EXPECT_EQ(features(csv.load().train), (Features{-1, 0, 1, 0}));
  expect_contains(csv.load().remarks.back(), "1 of 2 features (2) are constant");
  csv.options.binarize = 0.5;  // of standardized values
  EXPECT_EQ(features(csv.load().train), (Features{-1, -1, 1, -1}));
  Csv huge("-1e308,0\n1.7e308,1\n");
  huge.options.standardize = true;
  expect_contains(huge.error(), "problem.standardize: the values of feature 1 are too large");
}

}  // namespace
}  // namespace qhn
