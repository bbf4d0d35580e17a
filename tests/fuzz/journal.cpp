// A journal. A first byte of 0: the rest is the file. Else frames whose marks and check sums are
// right, so that their contents are read: kind (1 byte), length (2 bytes, little-endian), content.
#include "record/journal.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "input_file.hpp"

namespace {

void append_number(std::vector<std::uint8_t>& out, std::uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8)
    out.push_back(static_cast<std::uint8_t>(number >> shift));
}

std::vector<std::uint8_t> framed(const std::uint8_t* data, std::size_t size) {
  std::vector<std::uint8_t> file;
  for (std::size_t at = 0; at + 3 <= size;) {
    const std::size_t length =
        std::min<std::size_t>(data[at + 1] | std::size_t{data[at + 2]} << 8, size - at - 3);
    file.insert(file.end(), {0xf1, 'q', 'h', 0xd7});
    const std::size_t start = file.size();
    append_number(file, data[at]);
    append_number(file, static_cast<std::uint32_t>(length));
    file.insert(file.end(), data + at + 3, data + at + 3 + length);
    append_number(file, static_cast<std::uint32_t>(::crc32(
                            0, file.data() + start, static_cast<uInt>(file.size() - start))));
    at += 3 + length;
  }
  return file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static qhn::InputFile input;
  std::vector<std::uint8_t> file(data + 1, data + size);
  if (data[0] != 0) file = framed(data + 1, size - 1);
  const std::string& path = input.write(file.data(), file.size());
  qhn::may_refuse([&] {
    qhn::JournalHeader header;
    qhn::read_journal_header(path, header);
  });
  qhn::may_refuse([&] {
    std::vector<std::uint64_t> offsets;
    const qhn::JournalVisitor visitor{[](const qhn::JournalHeader& header) {
                                        if (header.restarts_requested == 0) std::abort();
                                      },
                                      [&](qhn::RestartRecord&& record, std::uint64_t offset) {
                                        if (record.result.status > qhn::Status::diverged)
                                          std::abort();
                                        if (offsets.empty() || offsets.back() != offset)
                                          offsets.push_back(offset);
                                      },
                                      [](qhn::RestartCheckpoint&&) {}, [](qhn::RunEnergy&&) {}};
    qhn::read_journal(path, visitor);
    qhn::read_records(path, offsets, [](qhn::RestartRecord&&) {});
  });
  return 0;
}
