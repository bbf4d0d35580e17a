#include "record/journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>

#include "core/bytes.hpp"
#include "core/error.hpp"
#include "record/atomic_file.hpp"
#include "record/packing.hpp"

namespace qhn {
namespace {

enum Kind : std::uint32_t {
  header_frame = 1,
  record_frame = 2,
  checkpoint_frame = 3,
  energy_frame = 5
};

// Bytes that do not occur in text.
constexpr std::array<unsigned char, 4> magic{0xf1, 'q', 'h', 0xd7};
constexpr std::size_t prefix = 12;  // magic, kind, length
constexpr std::size_t around = prefix + 4;
// Upper limit of a frame, so that a forged length is never allocated.
constexpr std::uint64_t longest = std::uint64_t{1} << 29;

template <class Archive, class Header>
void visit(Archive& archive, Header& h) {
  auto& p = h.provenance;
  archive(h.identity, h.identity_hash, h.name, h.experiment, h.restarts_requested, h.rule.epsilon,
          h.rule.halfwidth, h.rule.relative_tts, h.epsilons, h.table.qubits, h.table.reference.cost,
          h.table.minimizers, h.table.best_index, h.table.samples, h.method.name, h.method.settings,
          h.method.tuning, h.method.inner_samples, p.version, p.git_commit, p.git_dirty, p.compiler,
          p.compiler_flags, p.libraries, p.mpi, p.ranks, p.threads, p.binding, p.hosts, p.slurm,
          p.cpu, p.simd, p.engine, p.precision, p.started, p.finished, p.seed, p.data_sha256,
          h.started, h.table.next_gaps, p.plan, h.table.best_test_cost);
}

std::uint32_t crc(std::span<const std::byte> bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

void append_frame(std::vector<std::byte>& out, Kind kind, std::span<const std::byte> payload) {
  if (payload.size() > longest - around)
    throw RunError(
        fmt::format("a record of {} bytes; allowed: {}", payload.size(), longest - around));
  const std::size_t start = out.size();
  ByteWriter writer(out);
  writer(magic, static_cast<std::uint32_t>(kind), static_cast<std::uint32_t>(payload.size()));
  out.insert(out.end(), payload.begin(), payload.end());
  writer(crc(std::span(out).subspan(start + magic.size())));
}

/// A file with a window of it in memory.
class Window {
 public:
  explicit Window(const std::string& path) : path_(path) {
    fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);  // a FIFO would block
    struct stat info {};
    if (fd_ < 0 || ::fstat(fd_, &info) != 0) fail();
    is_file_ = S_ISREG(info.st_mode);
    size_ = is_file_ ? static_cast<std::uint64_t>(info.st_size) : 0;
    modified_ = info.st_mtime;
  }
  ~Window() {
    if (fd_ >= 0) ::close(fd_);
  }
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  bool is_file() const { return is_file_; }
  std::uint64_t size() const { return size_; }
  std::int64_t modified() const { return modified_; }

  /// The first byte from `offset` on outside the holes of a sparse file; the file size if there is
  /// none.
  std::uint64_t data_from(std::uint64_t offset) const {
    const off_t at = ::lseek(fd_, static_cast<off_t>(offset), SEEK_DATA);
    if (at >= 0) return std::min(static_cast<std::uint64_t>(at), size_);
    return errno == ENXIO ? size_ : offset;
  }

  /// Up to `length` bytes from `offset` on; fewer at the end of the file.
  std::span<const std::byte> view(std::uint64_t offset, std::uint64_t length) {
    length = std::min(length, size_ - std::min(offset, size_));
    if (offset < start_ || offset + length > start_ + bytes_.size()) load(offset, length);
    return std::span(bytes_).subspan(offset - start_, length);
  }

 private:
  void load(std::uint64_t offset, std::uint64_t length) {
    constexpr std::uint64_t least = 1 << 22;
    start_ = offset;
    bytes_.resize(std::min(std::max(length, least), size_ - offset));
    for (std::size_t have = 0; have < bytes_.size();) {
      const ssize_t n = ::pread(fd_, bytes_.data() + have, bytes_.size() - have,
                                static_cast<off_t>(offset + have));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) fail();
      if (n == 0) {  // truncated meanwhile: its writer ran out of disk space
        size_ = offset + have;
        bytes_.resize(have);
        if (have < length) bytes_.resize(length);
        return;
      }
      have += static_cast<std::size_t>(n);
    }
  }
  [[noreturn]] void fail() const {
    throw RunError(fmt::format("{}: cannot read: {}", path_, std::strerror(errno)));
  }

  std::string path_;
  int fd_ = -1;
  bool is_file_ = false;
  std::uint64_t size_ = 0;
  std::int64_t modified_ = 0;
  std::uint64_t start_ = 0;
  std::vector<std::byte> bytes_;
};

struct Frame {
  Kind kind;
  std::span<const std::byte> payload;
  std::uint64_t length;  // of the whole frame
};

bool has_magic(std::span<const std::byte> bytes) {
  return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

std::uint32_t number_at(std::span<const std::byte> bytes, std::size_t at) {
  std::uint32_t n = 0;
  std::memcpy(&n, bytes.data() + at, sizeof n);
  return n;
}

// False: no intact frame begins at `offset`.
bool read_frame(Window& file, std::uint64_t offset, Frame& frame) {
  const auto start = file.view(offset, prefix);
  if (start.size() < prefix || !has_magic(start)) return false;
  frame.kind = static_cast<Kind>(number_at(start, 4));
  frame.length = around + std::uint64_t{number_at(start, 8)};
  if (frame.length > longest) return false;
  if (offset + frame.length > file.size()) return false;
  const auto whole = file.view(offset, frame.length);
  if (whole.size() < frame.length) return false;
  frame.payload = whole.subspan(prefix, frame.length - around);
  return crc(whole.subspan(magic.size(), frame.length - 4 - magic.size())) ==
         number_at(whole, frame.length - 4);
}

// The next offset at which an intact frame begins, or the end of the file.
std::uint64_t next_frame(Window& file, std::uint64_t offset) {
  constexpr std::uint64_t step = 1 << 20;
  Frame frame;
  while (offset < file.size()) {
    offset = file.data_from(offset);
    const auto bytes = file.view(offset, step);
    const void* found = ::memmem(bytes.data(), bytes.size(), magic.data(), magic.size());
    if (found == nullptr) {
      if (offset + bytes.size() >= file.size()) break;
      offset += bytes.size() - (magic.size() - 1);
      continue;
    }
    offset += static_cast<std::uint64_t>(static_cast<const std::byte*>(found) - bytes.data());
    if (read_frame(file, offset, frame)) return offset;
    ++offset;
  }
  return file.size();
}

// True if the bytes at `offset` look like an incomplete frame.
bool is_torn(Window& file, std::uint64_t offset) {
  const auto rest = file.view(offset, prefix);
  const std::size_t known = std::min(rest.size(), magic.size());
  if (std::memcmp(rest.data(), magic.data(), known) != 0) return false;
  if (rest.size() < prefix) return true;
  const std::uint64_t length = around + std::uint64_t{number_at(rest, 8)};
  return length <= longest && offset + length > file.size();
}

// Throws InputError for an intact frame whose content qhn does not write.
[[noreturn]] void made_up(const std::string& path, std::uint64_t offset, const std::string& what) {
  throw InputError(fmt::format(
      "{}: byte {}: {}; allowed: a file that qhn wrote (without it only its restarts are lost)",
      path, offset, what));
}

// Adds path and offset to the errors of `work`.
template <class Work>
auto unpacked(const std::string& path, std::uint64_t offset, const Work& work) {
  try {
    return work();
  } catch (const RunError& error) {
    made_up(path, offset, error.what());
  }
}

void read_header(const std::string& path, std::span<const std::byte> payload, JournalHeader& h) {
  std::uint32_t format = 0;
  ByteReader reader(payload);
  reader(format);
  if (format != journal_format)
    throw InputError(fmt::format("{}: journal format {}; this qhn reads format {}", path, format,
                                 journal_format));
  visit(reader, h);
  h.table.reference.kind =
      h.table.minimizers > 0 ? Reference::Kind::enumerated : Reference::Kind::target;
  if (!reader.done()) throw RunError("packed records are damaged");
  if (h.restarts_requested == 0 || h.restarts_requested > most_restarts)
    throw RunError(fmt::format("{} restarts requested", h.restarts_requested));
  check_ladder(h.epsilons);
  check_table(h.table);
}

// `header`: of the journal; null if it has none.
void check(std::uint64_t id, const std::vector<Crossing>& expectation,
           const std::vector<Crossing>& text, const JournalHeader* header) {
  if (header == nullptr) return;
  if (id >= header->restarts_requested)
    throw RunError(fmt::format("restart {} of {}", id, header->restarts_requested));
  for (const auto* crossings : {&expectation, &text})
    if (crossings->size() != header->epsilons.size())
      throw RunError(fmt::format("restart {} has {} crossings for {} epsilons", id,
                                 crossings->size(), header->epsilons.size()));
}

// A history is empty, or has an entry for each of the iterates 0 … `iterations`.
void check(std::uint64_t id, const RestartHistory& history, std::int32_t iterations) {
  if (iterations < 0) throw RunError(fmt::format("restart {} has {} iterations", id, iterations));
  const std::size_t entries =
      history.size() == 0 ? 0 : static_cast<std::size_t>(std::int64_t{iterations} + 1);
  for_each_history_field([&](const char*, auto field) {
    if ((history.*field).size() != entries)
      throw RunError(fmt::format("restart {} has {} iterations and a history of {} entries", id,
                                 iterations, (history.*field).size()));
  });
}

void check(const RestartResult& r, const JournalHeader* header) {
  if (r.status > Status::diverged)
    throw RunError(fmt::format("restart {} has status {}", r.id, static_cast<int>(r.status)));
  if (r.scored > 1)
    throw RunError(fmt::format("restart {} has the mark {} for scores", r.id, int{r.scored}));
  check(r.id, r.history, r.iterations);
  check(r.id, r.expectation_crossings, r.string_crossings, header);
  if (header != nullptr && r.best_string.bits() != header->table.qubits)
    throw RunError(fmt::format("restart {} has a network of {} bits, the campaign {}", r.id,
                               r.best_string.bits(), header->table.qubits));
}

void check(const RestartCheckpoint& c, const JournalHeader* header) {
  check(c.id, c.history, c.iterations);
  check(c.id, c.expectation_crossings, c.string_crossings, header);
}

}  // namespace

std::vector<std::byte> pack(const JournalHeader& header) {
  std::vector<std::byte> bytes;
  ByteWriter writer(bytes);
  writer(journal_format);
  visit(writer, header);
  return bytes;
}

JournalHeader unpack_header(std::span<const std::byte> bytes) {
  JournalHeader header;
  read_header("message", bytes, header);
  return header;
}

Journal::Journal(const std::string& folder, const std::string& run, int writer,
                 const JournalHeader& header)
    : path_((std::filesystem::path(folder) / "journal" / fmt::format("{}.{}.qhnj", run, writer))
                .string()) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), error);
  fd_ =
      ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_APPEND | O_CLOEXEC, 0666);
  if (fd_ < 0) throw RunError(fmt::format("{}: cannot write: {}", path_, std::strerror(errno)));
  try {
    const std::vector<std::byte> payload = pack(header);
    append_frame(buffer_, header_frame, payload);
    append_frame(buffer_, header_frame, payload);
    write();
    if (::fsync(fd_) != 0)
      throw RunError(fmt::format("{}: cannot write: {}", path_, std::strerror(errno)));
    // Syncs its name, and those of the folders that a run makes: RESULTS/NAME/journal.
    std::filesystem::path made = std::filesystem::absolute(path_);
    for (int level = 0; level < 4; ++level, made = made.parent_path()) sync_folder(made.string());
  } catch (...) {
    ::close(fd_);
    ::unlink(path_.c_str());  // only the header is lost
    throw;
  }
  dirty_ = 0;
  syncer_ = std::thread([this] { sync_now_and_then(); });
}

Journal::~Journal() {
  try {
    close();
  } catch (const RunError&) {
    // Another error is already being reported.
  }
}

void Journal::append(std::span<const RestartRecord> records) {
  for (const RestartRecord& record : records)
    append_frame(buffer_, record_frame, pack({&record, 1}));
  write();
}

void Journal::append(const RestartCheckpoint& checkpoint) {
  append_frame(buffer_, checkpoint_frame, pack(checkpoint));
  write();
}

void Journal::append(const RunEnergy& energy) {
  append_frame(buffer_, energy_frame, pack(energy));
  write();
}

void Journal::write() {
  const auto fail = [&](int reason) {
    if (::ftruncate(fd_, static_cast<off_t>(size_)) != 0) {
      // Readers skip the torn frame.
    }
    throw RunError(fmt::format(
        "{}: cannot write: {}; finished restarts are kept, and the same command resumes", path_,
        std::strerror(reason)));
  };
  if (const int error = sync_error_) fail(error);
  if (const int error = write_all(fd_, buffer_)) fail(error);
  size_ += buffer_.size();
  buffer_.clear();
  ++dirty_;
}

void Journal::sync_now_and_then() {
  std::unique_lock lock(mutex_);
  while (!closing_) {
    wake_.wait_for(lock, std::chrono::milliseconds(500));
    if (dirty_.exchange(0) > 0 && ::fdatasync(fd_) != 0) sync_error_ = errno;
  }
}

void Journal::close() {
  if (fd_ < 0) return;
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  syncer_.join();
  int error = sync_error_;
  if (::fdatasync(fd_) != 0) error = errno;
  if (::close(fd_) != 0) error = errno;
  fd_ = -1;
  if (error != 0) throw RunError(fmt::format("{}: cannot write: {}", path_, std::strerror(error)));
}

void Journal::discard() {
  try {
    close();
  } catch (const RunError&) {
    // The file is removed anyway.
  }
  ::unlink(path_.c_str());
}

std::string JournalReport::run() const {
  return std::filesystem::path(path).stem().stem().string();  // without .WRITER.qhnj
}

JournalReport read_journal(const std::string& path, const JournalVisitor& visitor) {
  Window file(path);
  JournalReport report;
  report.path = path;
  report.modified = file.modified();
  report.unrelated = !file.is_file();
  const auto damage = [&](std::uint64_t offset, std::uint64_t length) {
    report.damaged.push_back({offset, length});
  };
  Frame frame{};
  JournalHeader header;
  bool intact = false;
  for (std::uint64_t offset = 0; offset < file.size();) {
    if (!read_frame(file, offset, frame)) {
      const std::uint64_t next = next_frame(file, offset + 1);
      if (next == file.size() && is_torn(file, offset))
        report.torn = next - offset;
      else
        damage(offset, next - offset);
      offset = next;
      continue;
    }
    intact = true;
    const auto content = [&](const auto& unpack_it) { return unpacked(path, offset, unpack_it); };
    if (frame.kind == header_frame && !report.has_header) {
      content([&] { read_header(path, frame.payload, header); });
      report.has_header = true;
      report.started = header.started;
      if (visitor.header) visitor.header(header);
    } else if (frame.kind == record_frame) {
      ++report.records;
      if (visitor.record)
        for (RestartRecord& record : content([&] {
               std::vector<RestartRecord> records = unpack(frame.payload);
               for (const RestartRecord& r : records)
                 check(r.result, report.has_header ? &header : nullptr);
               return records;
             }))
          visitor.record(std::move(record), offset);
    } else if (frame.kind == checkpoint_frame && visitor.checkpoint) {
      visitor.checkpoint(content([&] {
        RestartCheckpoint checkpoint = unpack_checkpoint(frame.payload);
        check(checkpoint, report.has_header ? &header : nullptr);
        return checkpoint;
      }));
    } else if (frame.kind == energy_frame && visitor.energy) {
      visitor.energy(content([&] { return unpack_energy(frame.payload); }));
    }
    offset += frame.length;
  }
  if (!intact && !report.damaged.empty()) {
    report.unrelated = true;
    report.damaged.clear();
  }
  return report;
}

void read_records(const std::string& path, std::span<const std::uint64_t> offsets,
                  const std::function<void(RestartRecord&&)>& record) {
  Window file(path);
  Frame frame{};
  for (const std::uint64_t offset : offsets) {
    if (!read_frame(file, offset, frame) || frame.kind != record_frame)
      throw RunError(fmt::format("{}: changed while it was read, at byte {}", path, offset));
    for (RestartRecord& r : unpack(frame.payload)) record(std::move(r));
  }
}

bool read_journal_header(const std::string& path, JournalHeader& header) {
  Window file(path);
  Frame frame{};
  for (std::uint64_t offset = 0; offset < file.size(); offset = next_frame(file, offset + 1)) {
    if (!read_frame(file, offset, frame)) continue;
    if (frame.kind != header_frame) return false;  // both copies come first
    unpacked(path, offset, [&] { read_header(path, frame.payload, header); });
    return true;
  }
  return false;
}

}  // namespace qhn
