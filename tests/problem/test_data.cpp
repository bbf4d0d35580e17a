#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <hdf5.h>
#include <sys/file.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <string>

#include "../record/temporary_folder.hpp"
#include "core/error.hpp"
#include "core/sha256.hpp"
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

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

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
  EXPECT_EQ(split.train.labels, (SharedArray<std::uint8_t>{0, 1, 0}));
  EXPECT_EQ(split.test.labels, (SharedArray<std::uint8_t>{1, 0}));
  EXPECT_EQ(split.train.inputs, 16);
  EXPECT_EQ(split.train.row(1)[2], static_cast<double>(static_cast<float>(18 * 37 % 251) / 255.0f));
}

TEST(Idx, ReadsGzipAlike) {
  Images images;
  const DataSplit plain = load_images(images.options);
  for (const char* name : {"train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}) {
    const std::string path = images.folder / name, text = contents(path);
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
  EXPECT_EQ(split.train.labels, (SharedArray<std::uint8_t>{1, 0, 1}));
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
    expect_contains(images.error(), "truncated: 47 bytes of data where its header declares 48");
    images.folder.write("train-images-idx3-ubyte", idx({0x803, 3, 4, 4}, 49));
    expect_contains(images.error(), "too long: 49 bytes");
    images.folder.write("train-images-idx3-ubyte", idx({0x803, 3}, 0));
    expect_contains(images.error(), "truncated: 8 bytes, less than an IDX header");
    images.folder.write("train-images-idx3-ubyte", "");
    expect_contains(images.error(), "truncated: 0 bytes");
    images.folder.write("train-images-idx3-ubyte", idx({0x803, ~0u, ~0u, ~0u}, 0));
    expect_contains(images.error(), "declares more than a terabyte");
    images.folder.write("train-images-idx3-ubyte", idx({0x803, 3, 0, 4}, 0));
    expect_contains(images.error(), "declares no data");
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

TEST(Idx, FindsTheNamesOfTheMirrors) {
  const char* names[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                         "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};
  const auto renamed = [&](auto name_of) {
    Images images;
    const std::string expected = sha256(load_images(images.options).test);
    for (const std::string name : names) {
      std::filesystem::rename(images.folder / name, images.folder / "file");
      const std::filesystem::path to = images.folder / name_of(name);
      std::filesystem::create_directories(to.parent_path());
      std::filesystem::rename(images.folder / "file", to);
    }
    EXPECT_EQ(sha256(load_images(images.options).test), expected) << name_of(names[0]);
  };
  const auto replace = [](std::string name, const std::string& from, const std::string& to) {
    const auto at = name.find(from);
    return at == std::string::npos ? name : name.replace(at, from.size(), to);
  };
  renamed([&](const std::string& name) { return replace(name, "-idx", ".idx"); });
  renamed([](const std::string& name) { return name + "/" + name; });
  renamed([](const std::string& name) { return "raw/" + name; });
  renamed(
      [&](const std::string& name) { return "emnist-digits-" + replace(name, "t10k", "test"); });
  renamed([](std::string name) {
    for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return name;
  });
}

TEST(Idx, RefusesFilesThatMayBeEither) {
  Images images;
  const std::string text = contents(images.folder / "train-images-idx3-ubyte");
  // The published name comes first.
  images.folder.write("train-images.idx3-ubyte", "junk");
  EXPECT_EQ(load_images(images.options).train.size(), 3u);
  std::filesystem::remove(images.folder / "train-images-idx3-ubyte");
  images.folder.write("train-images.idx3-ubyte", text);
  images.folder.write("qmnist-train-images-idx3-ubyte", text);
  expect_contains(images.error(),
                  "both qmnist-train-images-idx3-ubyte and train-images.idx3-ubyte may be the "
                  "training images");
  std::filesystem::remove(images.folder / "train-images.idx3-ubyte");
  expect_contains(images.error(), "belong to different data sets");
  images.options.data = images.folder / "absent";
  expect_contains(images.error(), "absent: no such folder of IDX files");
}

TEST(Idx, SaysWhatElseAFileIs) {
  Images images;
  const auto error = [&](const std::string& text) {
    images.folder.write("train-images-idx3-ubyte", text);
    return images.error();
  };
  expect_contains(error(idx({0xd03, 3, 4, 4}, 192)), "its entries are not unsigned bytes");
  expect_contains(error(idx({0x804, 3, 4, 4, 3}, 144)), ": it has 4 dimensions");
  expect_contains(error(idx({0x03080000, 3, 4, 4}, 48)), "its bytes are in reverse order");
  expect_contains(error("<!DOCTYPE html>"), "a web page");
  expect_contains(error("PK\3\4 and so on"), "a zip archive");
  // A header alone makes nothing be allocated.
  expect_contains(error(idx({0x803, 0x80000000, 28, 28}, 0)), "declares more than a terabyte");
  expect_contains(error(idx({0x803, 3, 0x10000, 0x10000}, 0)), "65536 x 65536 pixels an image");
  images.folder.write("train-labels-idx1-ubyte", idx({0x801, 0xffffffff}, 5));
  expect_contains(error(idx({0x803, 0xffffffff, 4, 4}, 48)),
                  "truncated: 5 bytes of data where its header declares 4294967295");
}

TEST(Idx, TakesTheFirstTrainingSamples) {
  Images images;
  images.options.train_limit = 2;
  EXPECT_EQ(load_images(images.options).train.size(), 2u);
  EXPECT_EQ(load_images(images.options).test.size(), 2u);
  images.options.train_limit = 4;
  expect_contains(images.error(), "problem.train_samples is 4;");
  images.options.train_limit = 1;
  expect_contains(images.error(), "the first 1 images have no 1");
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

std::string npy(const std::string& header, std::string data, int version = 1) {
  std::string text = "\x93NUMPY";
  text += static_cast<char>(version);
  text += '\0';
  text += static_cast<char>(header.size());
  text.append(version == 1 ? 1 : 3, '\0');
  return text + header + data;
}

template <class T>
std::string bytes_of(std::vector<T> values, bool swapped = false) {
  std::string data;
  for (const T value : values) {
    std::string one(reinterpret_cast<const char*>(&value), sizeof value);
    if (swapped) std::reverse(one.begin(), one.end());
    data += one;
  }
  return data;
}

TEST(Table, ReadsNpy) {
  const TemporaryFolder folder;
  const auto header = [](const char* type) {
    return fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': (4,), }}\n", type);
  };
  const auto read = [&](const std::string& text) {
    return read_table(folder.write("t.npy", text));
  };
  const std::vector<double> expected{1, -2.5, 3, 0.5}, whole{1, 2, 3, 4}, negative{-1, 2, -3, 4};
  for (const int version : {1, 2, 3})
    EXPECT_EQ(read(npy(header("<f8"), bytes_of<double>({1, -2.5, 3, 0.5}), version)), expected);
  EXPECT_EQ(read(npy(header(">f8"), bytes_of<double>({1, -2.5, 3, 0.5}, true))), expected);
  EXPECT_EQ(read(npy(header("<f4"), bytes_of<float>({1, -2.5, 3, 0.5}))), expected);
  EXPECT_EQ(read(npy(header("<i8"), bytes_of<std::int64_t>({-1, 2, -3, 4}))), negative);
  EXPECT_EQ(read(npy(header(">i2"), bytes_of<std::int16_t>({-1, 2, -3, 4}, true))), negative);
  EXPECT_EQ(read(npy(header("|i1"), bytes_of<std::int8_t>({-1, 2, -3, 4}))), negative);
  EXPECT_EQ(read(npy(header("<u4"), bytes_of<std::uint32_t>({1, 2, 3, 4}))), whole);
  const TableFile file(
      folder.write("t.npy", npy(header("<u2"), bytes_of<std::uint16_t>({1, 2, 3, 4}))));
  std::vector<double> part(2);
  file.read(1, part);
  EXPECT_EQ(part, (std::vector<double>{2, 3}));
}

TEST(Table, NamesWhatAnNpyFileLacks) {
  const TemporaryFolder folder;
  const auto error = [&](const std::string& header, const std::string& data, int version = 1) {
    return message_of<InputError>(
        [&] { read_table(folder.write("t.npy", npy(header, data, version))); });
  };
  const std::string good = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}";
  const auto with = [&](std::string from, std::string to) {
    std::string header = good;
    return header.replace(header.find(from), from.size(), to);
  };
  const std::string data = bytes_of<double>({1, 2});
  expect_contains(error(with("<f8", "<c16"), data), "an array of type '<c16'; allowed: one-dim");
  expect_contains(error(with("<f8", "<f2"), data), "an array of type '<f2'");
  expect_contains(error(with("<f8", "|b1"), data), "an array of type '|b1'");
  expect_contains(error(with("False", "True"), data), "an array in Fortran order");
  expect_contains(error(with("(2,)", "(2, 1)"), data), "an array of shape (2, 1)");
  expect_contains(error(with("(2,)", "()"), data), "an array of shape ()");
  expect_contains(error(good, data, 4), "version 4 of NumPy's format; allowed: 1 to 3");
  expect_contains(error(good, data + "x"), "17 bytes of data where its header declares 2 numbers");
  expect_contains(error(with("(2,)", "(35184372088832,)"), data),
                  "16 bytes of data where its header declares 35184372088832 numbers of 8 bytes");
  expect_contains(error(good, bytes_of<double>({1, NAN})), "t.npy: [1] is not a finite number");
  expect_contains(error(with("<f8", "<i8"), bytes_of<std::int64_t>({1, (1ll << 53) + 1})),
                  "t.npy: [1] is 2^53 or more");
  const std::string text = npy(good, data);
  folder.write("t.npy", text.substr(0, 30));
  expect_contains(message_of<InputError>([&] { read_table(folder / "t.npy"); }),
                  "truncated: it ends within its header");
}

TEST(Table, SaysWhatElseATextFileIs) {
  const TemporaryFolder folder;
  const auto error = [&](const std::string& text) {
    return message_of<InputError>([&] { read_table(folder.write("t.txt", text)); });
  };
  expect_contains(error("PK\3\4"), "a zip archive (.npz?); allowed: UTF-8 text");
  expect_contains(error("\x1F\x8B"), "compressed with gzip; allowed");
  expect_contains(error("\xFF\xFE"), "UTF-16 text; allowed");
  expect_contains(error(std::string("1\n\0\n", 4)), "a binary file; allowed");
  expect_contains(error("1\n1e-400\n"), "t.txt:2: '1e-400' is too large or too small");
  expect_contains(error("1\n1,5\n"), "allowed: a decimal point, no commas");
  EXPECT_EQ(read_table(folder.write("t.txt",
                                    "\xEF\xBB\xBF"
                                    "1\r\n2\r\n")),
            (std::vector<double>{1, 2}));
}

/// HDF5 files as other programs leave them.
struct Hdf5Table {
  Hdf5Table() : path(folder / "t.h5") {
    file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  }
  ~Hdf5Table() { close(); }
  void close() {
    if (file >= 0) H5Fclose(file);
    file = -1;
  }
  /// Writes zeros unless `plan` or `values` say otherwise.
  void add(hid_t type, std::vector<hsize_t> sizes, hid_t plan = H5P_DEFAULT, bool written = true) {
    const hid_t space =
        sizes.empty() ? H5Screate(H5S_SCALAR)
                      : H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr);
    const hid_t set = H5Dcreate2(file, "costs", type, space, H5P_DEFAULT, plan, H5P_DEFAULT);
    const std::string zeros(1 << 12, '\0');
    if (written) H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, zeros.data());
    H5Dclose(set), H5Sclose(space);
  }
  std::string error() {
    close();
    return message_of<InputError>([&] { read_table(path); });
  }
  TemporaryFolder folder;
  std::string path;
  hid_t file;
};

TEST(Table, SaysWhatIsWrongWithAnHdf5File) {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  {
    Hdf5Table table;
    table.add(H5T_NATIVE_INT, {4});
    table.close();
    EXPECT_EQ(read_table(table.path), (std::vector<double>(4, 0.0)));
  }
  {
    Hdf5Table table;
    table.add(H5T_NATIVE_DOUBLE, {4, 2});
    expect_contains(table.error(), "dataset 'costs' has shape 4 x 2; allowed: one dimension");
  }
  {
    Hdf5Table table;
    table.add(H5T_NATIVE_DOUBLE, {});
    expect_contains(table.error(), "is a single value");
  }
  {
    Hdf5Table table;
    const hid_t text = H5Tcopy(H5T_C_S1);
    table.add(text, {4});
    H5Tclose(text);
    expect_contains(table.error(), "holds strings; allowed: floating-point numbers or integers");
  }
  {
    Hdf5Table table;
    table.add(H5T_NATIVE_DOUBLE, {hsize_t{1} << 45}, H5P_DEFAULT, false);
    expect_contains(table.error(), "dataset 'costs' of 35184372088832 numbers was never written");
  }
  {
    Hdf5Table table;
    H5Gclose(H5Gcreate2(table.file, "costs", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    expect_contains(table.error(), "'costs' is not a dataset that can be opened");
  }
  {
    Hdf5Table table;
    H5Lcreate_external("gone.h5", "/costs", table.file, "costs", H5P_DEFAULT, H5P_DEFAULT);
    expect_contains(table.error(), "is a link to '/costs' in file 'gone.h5', which cannot be");
  }
  {
    Hdf5Table table;
    H5Lcreate_soft("/other", table.file, "costs", H5P_DEFAULT, H5P_DEFAULT);
    expect_contains(table.error(), "'costs' is a link to '/other', which does not exist");
  }
  {
    Hdf5Table table;
    table.add(H5T_NATIVE_DOUBLE, {4});
    table.close();
    std::filesystem::resize_file(table.path, 100);
    expect_contains(table.error(), "a damaged HDF5 file");
  }
}

/// A filter that this HDF5 has while the file is written and lacks when it is read.
TEST(Table, NamesAFilterThatIsMissing) {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  const H5Z_class2_t filter{H5Z_CLASS_T_VERS,
                            32000,
                            1,
                            1,
                            "lzf",
                            nullptr,
                            nullptr,
                            [](unsigned, std::size_t, const unsigned*, std::size_t bytes,
                               std::size_t*, void**) { return bytes; }};
  ASSERT_GE(H5Zregister(&filter), 0);
  Hdf5Table table;
  const hid_t plan = H5Pcreate(H5P_DATASET_CREATE);
  const hsize_t chunk = 4;
  H5Pset_chunk(plan, 1, &chunk);
  H5Pset_filter(plan, 32000, 0, 0, nullptr);
  table.add(H5T_NATIVE_DOUBLE, {4}, plan);
  H5Pclose(plan);
  table.close();
  H5Zunregister(32000);
  expect_contains(table.error(), "is compressed with 'lzf' (filter 32000), which this HDF5 lacks");
}

// Chunks are small where they are compressed, and the last may be larger than what is left for it.
TEST(Table, ReadsChunks) {
  for (const int level : {-1, 0, 6})
    for (const hsize_t chunk : {1, 7, 64, 100}) {
      Hdf5Table table;
      const hid_t plan = H5Pcreate(H5P_DATASET_CREATE);
      H5Pset_chunk(plan, 1, &chunk);
      if (level >= 0) H5Pset_deflate(plan, static_cast<unsigned>(level));
      const hsize_t most = H5S_UNLIMITED, size = 64;
      const hid_t space = H5Screate_simple(1, &size, &most);
      const hid_t set =
          H5Dcreate2(table.file, "costs", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, plan, H5P_DEFAULT);
      std::vector<double> costs(64);
      for (std::size_t w = 0; w < 64; ++w) costs[w] = 0.5 * static_cast<double>(w * w % 13);
      H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, costs.data());
      H5Dclose(set), H5Sclose(space), H5Pclose(plan);
      table.close();
      EXPECT_EQ(read_table(table.path), costs) << level << ' ' << chunk;
    }
  Hdf5Table part;
  const hid_t plan = H5Pcreate(H5P_DATASET_CREATE);
  const hsize_t chunk = 8, size = 64, written = 56, zero = 0;
  H5Pset_chunk(plan, 1, &chunk);
  H5Pset_deflate(plan, 1);
  const hid_t space = H5Screate_simple(1, &size, nullptr);
  const hid_t set =
      H5Dcreate2(part.file, "costs", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, plan, H5P_DEFAULT);
  H5Sselect_hyperslab(space, H5S_SELECT_SET, &zero, nullptr, &written, nullptr);
  const hid_t memory = H5Screate_simple(1, &written, nullptr);
  const std::vector<double> costs(56, 1.0);
  H5Dwrite(set, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, costs.data());
  H5Dclose(set), H5Sclose(space), H5Sclose(memory), H5Pclose(plan);
  expect_contains(part.error(), "dataset 'costs' of 64 numbers was written in part only");
}

TEST(Table, SaysThatAnHdf5FileIsLocked) {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  Hdf5Table table;
  table.add(H5T_NATIVE_DOUBLE, {4});
  table.close();
  const int other = ::open(table.path.c_str(), O_RDWR);
  ASSERT_EQ(::flock(other, LOCK_EX), 0);
  expect_contains(table.error(), "locked: another program has it open for writing");
  ::close(other);
  EXPECT_EQ(read_table(table.path).size(), 4u);
}

}  // namespace
}  // namespace qhn
