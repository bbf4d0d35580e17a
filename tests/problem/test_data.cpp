#include <gtest/gtest.h>
#include <hdf5.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "../io/temporary_folder.hpp"
#include "core/error.hpp"
#include "problem/data.hpp"
#include "problem/table_file.hpp"

namespace qhn {

// For EXPECT_EQ, in the namespace of the array so that it is found.
template <class T>
bool operator==(const SharedArray<T>& a, const std::vector<T>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

namespace {

// ---- gaussian ----

TEST(Gaussian, SeedOneIsOneDataSetOnEveryMachine) {
  EXPECT_EQ(sha256(make_gaussian(1, Stream::training_data, 10000)),
            "6ec94f2b34c71e413ef0e9fd0b716d151983c70d15f13d1616982612cbc5f1b2");
}

TEST(Gaussian, ASampleDoesNotDependOnTheirNumber) {
  const DataSet few = make_gaussian(3, Stream::test_data, 10);
  const DataSet many = make_gaussian(3, Stream::test_data, 20);
  EXPECT_TRUE(std::equal(few.features.begin(), few.features.end(), many.features.begin()));
  EXPECT_NE(few.features, make_gaussian(3, Stream::training_data, 10).features);
  EXPECT_NE(few.features, make_gaussian(4, Stream::test_data, 10).features);
}

TEST(Gaussian, NormalDeviatesPassKolmogorovSmirnov) {
  CounterRng rng(1, Stream::synthetic, 0);
  std::vector<double> deviates(200000);
  for (double& x : deviates) x = exact_normal(rng);
  std::sort(deviates.begin(), deviates.end());
  const auto n = static_cast<double>(deviates.size());
  double distance = 0.0;
  for (std::size_t i = 0; i < deviates.size(); ++i) {
    const double p = 0.5 * std::erfc(-deviates[i] / std::sqrt(2.0));
    distance = std::max({distance, std::abs(p - static_cast<double>(i) / n),
                         std::abs(p - static_cast<double>(i + 1) / n)});
  }
  EXPECT_LT(distance * std::sqrt(n), 1.63);  // 1 % level
  EXPECT_GT(deviates.back(), 3.9);           // tails: 4.7 is the expected largest
  EXPECT_LT(deviates.front(), -3.9);
}

TEST(Gaussian, HasTheMixtureOfTheSpecification) {
  const DataSet data = make_gaussian(1, Stream::training_data, 40000);
  const double centres[4][2] = {{-1, -2}, {-2, 1}, {1, 1}, {2, -2}};
  double count[4] = {}, sum[4][2] = {}, square[4][2] = {};
  for (std::size_t s = 0; s < data.size(); ++s) {
    const auto x = data.row(s);
    int nearest = 0;  // the clouds are many deviations apart
    for (int c = 1; c < 4; ++c)
      if (std::hypot(x[0] - centres[c][0], x[1] - centres[c][1]) <
          std::hypot(x[0] - centres[nearest][0], x[1] - centres[nearest][1]))
        nearest = c;
    EXPECT_EQ(data.labels[s], nearest > 0);
    ++count[nearest];
    for (int j = 0; j < 2; ++j) {
      const double d = x[static_cast<std::size_t>(j)] - centres[nearest][j];
      sum[nearest][j] += d;
      square[nearest][j] += d * d;
    }
  }
  for (int c = 0; c < 4; ++c) {
    EXPECT_NEAR(count[c] / 40000, c == 0 ? 1.0 / 2 : 1.0 / 6, 0.011);
    for (int j = 0; j < 2; ++j) {
      EXPECT_NEAR(sum[c][j] / count[c], 0.0, 0.02);
      EXPECT_NEAR(square[c][j] / count[c], 0.1, 0.01);
    }
  }
}

TEST(Sha256, OfTheEmptyMessageAndOfZero) {
  EXPECT_EQ(sha256(std::span<const double>()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const double zero[] = {0.0};  // eight zero bytes
  EXPECT_EQ(sha256(zero), "af5570f5a1810b7af78caf4bc70a660f0df51e42baf91d4de5b2328de0e83dfc");
}

// ---- resize ----

TEST(Resize, From28To4PicksRowsAndColumns3_10_17_24) {
  std::vector<float> image(28 * 28);
  for (std::size_t i = 0; i < image.size(); ++i)
    image[i] = static_cast<float>(i * 7919 % 256) / 255.0f;
  const std::vector<float> small = resize_bilinear(image, 28, 28, 4);
  for (std::size_t r = 0; r < 4; ++r)
    for (std::size_t c = 0; c < 4; ++c)
      EXPECT_EQ(small[4 * r + c], image[28 * (3 + 7 * r) + 3 + 7 * c]);
}

TEST(Resize, ReproducesALinearRampAtTheSampledPoints) {
  std::vector<float> image(28 * 28);
  for (std::size_t r = 0; r < 28; ++r)
    for (std::size_t c = 0; c < 28; ++c) image[28 * r + c] = static_cast<float>(10 * r + c);
  const std::vector<float> small = resize_bilinear(image, 28, 28, 8);
  for (std::size_t r = 0; r < 8; ++r)
    for (std::size_t c = 0; c < 8; ++c)
      EXPECT_FLOAT_EQ(small[8 * r + c],
                      static_cast<float>(10 * (1.25 + 3.5 * static_cast<double>(r)) + 1.25 +
                                         3.5 * static_cast<double>(c)));
}

TEST(Resize, ToTheSameSizeChangesNothingAndUpwardsStaysInside) {
  const std::vector<float> image = {0.25f, 0.5f, 0.75f, 1.0f};
  EXPECT_EQ(resize_bilinear(image, 2, 2, 2), image);
  const std::vector<float> large = resize_bilinear(image, 2, 2, 4);
  EXPECT_EQ(large.front(), 0.25f);  // clamped at the border
  EXPECT_EQ(large.back(), 1.0f);
}

// ---- IDX ----

std::string idx(std::vector<std::uint32_t> header, std::size_t bytes) {
  std::string text;
  for (const std::uint32_t word : header)
    for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(word >> shift & 255);
  for (std::size_t i = 0; i < bytes; ++i) text += static_cast<char>(i * 37 % 251);
  return text;
}

/// A folder with four correct files: 3 training images and 2 test images of 4 × 4, labels 0 and 1.
struct Images {
  Images() {
    folder.write("train-images-idx3-ubyte", idx({0x803, 3, 4, 4}, 48));
    folder.write("train-labels-idx1-ubyte", idx({0x801, 3}, 0) + std::string("\0\1\0", 3));
    folder.write("t10k-images-idx3-ubyte", idx({0x803, 2, 4, 4}, 32));
    folder.write("t10k-labels-idx1-ubyte", idx({0x801, 2}, 0) + std::string("\1\0", 2));
    options.kind = ProblemKind::images;
    options.data = folder / "";
  }
  std::string error() const {
    return message_of<InputError>([&] { load_images(options); });
  }
  TemporaryFolder folder;
  ProblemOptions options;
};

void expect_contains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
  EXPECT_EQ(text.find('\n'), std::string::npos) << text;
}

TEST(Idx, ReadsImagesAndLabels) {
  const Images images;
  const DataSplit split = load_images(images.options);
  EXPECT_EQ(split.train.labels, (std::vector<std::uint8_t>{0, 1, 0}));
  EXPECT_EQ(split.test.labels, (std::vector<std::uint8_t>{1, 0}));
  EXPECT_EQ(split.train.inputs, 16);
  EXPECT_EQ(split.train.row(1)[2], static_cast<double>(static_cast<float>(18 * 37 % 251) / 255.0f));
}

TEST(Idx, ReadsGzipAlike) {
  Images images;
  const DataSplit plain = load_images(images.options);
  for (const char* name : {"train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}) {
    const std::string path = images.folder / name, text = read_whole_file(path, "file");
    gzFile file = gzopen((path + ".gz").c_str(), "wb");
    gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
    gzclose(file);
    std::filesystem::remove(path);
  }
  EXPECT_EQ(sha256(load_images(images.options).train), sha256(plain.train));

  const std::string path = images.folder / "train-images-idx3-ubyte.gz";
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 12);
  expect_contains(images.error(), "train-images-idx3-ubyte.gz: truncated or damaged");
}

TEST(Idx, SwapsAndBinarizes) {
  Images images;
  images.options.digits = {1, 0};
  images.options.binarize = 0.5;
  const DataSplit split = load_images(images.options);
  EXPECT_EQ(split.train.labels, (std::vector<std::uint8_t>{1, 0, 1}));
  EXPECT_EQ(split.train.row(0)[0], -1.0);  // byte 0
  EXPECT_EQ(split.train.row(0)[4], 1.0);   // byte 148
}

TEST(Idx, NamesEveryMistake) {
  {
    Images images;
    std::filesystem::remove(images.folder / "t10k-images-idx3-ubyte");
    expect_contains(images.error(), "t10k-images-idx3-ubyte: no such file, nor with .gz");
  }
  {
    Images images;
    images.folder.write("train-images-idx3-ubyte", idx({0x801, 3, 4, 4}, 48));
    expect_contains(images.error(),
                    "magic number 0x00000801; an IDX file of images has 0x00000803");
  }
  {
    Images images;
    images.folder.write("train-images-idx3-ubyte", idx({0x803, 3, 4, 4}, 47));
    expect_contains(images.error(), "truncated: 47 bytes of data where its header promises 48");
    images.folder.write("train-images-idx3-ubyte", idx({0x803, 3, 4, 4}, 49));
    expect_contains(images.error(), "too long: 49 bytes");
    images.folder.write("train-images-idx3-ubyte", idx({0x803, 3}, 0));
    expect_contains(images.error(), "truncated: 8 bytes, less than an IDX header");
    images.folder.write("train-images-idx3-ubyte", "");
    expect_contains(images.error(), "truncated: 0 bytes");
    images.folder.write("train-images-idx3-ubyte", idx({0x803, ~0u, ~0u, ~0u}, 0));
    expect_contains(images.error(), "promises more than a terabyte");
    images.folder.write("train-images-idx3-ubyte", idx({0x803, 3, 0, 4}, 0));
    expect_contains(images.error(), "promises no data");
  }
  {
    Images images;
    images.folder.write("train-images-idx3-ubyte", idx({0x803, 2, 4, 4}, 32));
    expect_contains(images.error(), "2 images, but");
  }
  {
    Images images;
    images.options.digits = {0, 7};
    expect_contains(images.error(), "no image has label 7; labels present: 0, 1");
    images.options.digits = {1, 1};
    expect_contains(images.error(), "both are 1");
  }
  {
    Images images;
    images.options.side = 0;
    expect_contains(images.error(), "problem.side is 0; allowed: at least 1");
  }
}

// ---- CSV ----

struct Csv {
  explicit Csv(const std::string& text) {
    options.kind = ProblemKind::csv;
    options.data = folder.write("train.csv", text);
  }
  std::string error() const {
    return message_of<InputError>([&] { load_csv(options); });
  }
  TemporaryFolder folder;
  ProblemOptions options;
};

TEST(Csv, ReadsColumnsAndSkipsAHeader) {
  for (const char* text : {"1, -2.5,0\n3e2,+4,1\n", "x,y,label\r\n1, -2.5,0\r\n3e2,+4,1\r\n\r\n"}) {
    const DataSplit split = load_csv(Csv(text).options);
    EXPECT_EQ(split.train.inputs, 2);
    EXPECT_EQ(split.train.features, (std::vector<double>{1, -2.5, 300, 4}));
    EXPECT_EQ(split.train.labels, (std::vector<std::uint8_t>{0, 1}));
    EXPECT_EQ(split.test.size(), 0u);
  }
}

TEST(Csv, TakesTheTestSetFromAFractionOrAFile) {
  Csv csv("1,0\n2,1\n3,0\n4,1\n");
  csv.options.test_fraction = 0.25;
  const DataSplit split = load_csv(csv.options);
  EXPECT_EQ(split.train.features, (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(split.test.features, (std::vector<double>{4}));
  EXPECT_EQ(split.test.labels, (std::vector<std::uint8_t>{1}));
  csv.options.test_data = csv.folder.write("test.csv", "9,1\n");
  expect_contains(csv.error(), "exclude each other");
  csv.options.test_fraction = 0.0;
  EXPECT_EQ(load_csv(csv.options).test.features, (std::vector<double>{9}));
  csv.options.test_data = csv.folder.write("test.csv", "9,9,1\n");
  expect_contains(csv.error(), "test.csv: 3 columns, but");
  csv.options.test_data.clear();
  csv.options.test_fraction = 1.0;
  expect_contains(csv.error(), "problem.test_fraction is 1");
}

TEST(Csv, NamesFileAndLineOfEveryMistake) {
  expect_contains(Csv("1,0\nnan,1\n").error(), "train.csv:2: 'nan' is not a finite number");
  expect_contains(Csv("1,0\n1,1\ninf,1\n").error(), "train.csv:3: 'inf' is not a finite number");
  expect_contains(Csv("1,0\nred,1\n").error(), "train.csv:2: 'red' is not a number");
  expect_contains(Csv("1,0\n,1\n").error(), "train.csv:2: '' is not a number");
  expect_contains(Csv("1,0\n1,2,1\n").error(), "train.csv:2: 3 columns; the rows above have 2");
  expect_contains(Csv("1\n0\n").error(), "train.csv:1: 1 columns; at least one feature");
  expect_contains(Csv("1,0\n2,3\n").error(), "train.csv:2: label 3; the last column is 0 or 1");
  expect_contains(Csv("1,0\n2,0\n").error(), "train.csv: no training sample has label 1");
  expect_contains(Csv("a,b\n").error(), "train.csv: holds no samples");
  expect_contains(Csv("").error(), "train.csv: holds no samples");
  Csv missing("1,0\n");
  missing.options.data += "x";
  expect_contains(missing.error(), "train.csvx: no such CSV file");
}

// ---- tables ----

std::vector<double> read_table(const std::string& path) {
  const TableFile file(path);
  std::vector<double> costs(file.size());
  file.read(0, costs);
  return costs;
}

TEST(Table, ReadsTextInIndexOrder) {
  const TemporaryFolder folder;
  EXPECT_EQ(read_table(folder.write("t.txt", "1\n-2.5e-3\n0.1\n4\n\n")),
            (std::vector<double>{1, -2.5e-3, 0.1, 4}));
}

TEST(Table, NamesEveryMistake) {
  const TemporaryFolder folder;
  const auto error = [&](const std::string& text) {
    return message_of<InputError>([&] { read_table(folder.write("t.txt", text)); });
  };
  expect_contains(error("1\nnan\n"), "t.txt:2: 'nan' is not a finite number");
  expect_contains(error("1\n\n2\n"), "t.txt:2: '' is not a number");
  expect_contains(error("1 2\n"), "t.txt:1: '1 2' is not a number");
  expect_contains(error("1\n2\n3\n"), "t.txt: 3 numbers; a table has 2^N of them");
  expect_contains(error("1\n"), "t.txt: 1 numbers");
  expect_contains(error(""), "t.txt: 0 numbers");
  expect_contains(message_of<InputError>([&] { read_table(folder / "absent"); }),
                  "absent: no such cost table");
}

TEST(Table, ReadsHdf5AndNamesItsMistakes) {
  const TemporaryFolder folder;
  const auto write = [&](const char* name, std::vector<double> costs) {
    const std::string path = folder / "t.h5";
    const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const hsize_t size = costs.size();
    const hid_t space = H5Screate_simple(1, &size, nullptr);
    const hid_t set =
        H5Dcreate2(file, name, H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, costs.data());
    H5Dclose(set), H5Sclose(space), H5Fclose(file);
    return path;
  };
  const auto error = [&](const std::string& path) {
    return message_of<InputError>([&] { read_table(path); });
  };
  EXPECT_EQ(read_table(write("costs", {1, 2, 3, 0.5})), (std::vector<double>{1, 2, 3, 0.5}));
  expect_contains(error(write("cost", {1, 2})), "without a dataset 'costs'");
  expect_contains(error(write("costs", {1, NAN})), "costs[1] is not a finite number");
  expect_contains(error(write("costs", {1, 2, 3})), "3 numbers; a table has 2^N");
}

}  // namespace
}  // namespace qhn
