#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "io/campaign_file.hpp"
#include "io/provenance.hpp"
#include "record/energy.hpp"
#include "record/record.hpp"
#include "record/stopping.hpp"

namespace qhn {

/// Version of the frames and their contents; part of a campaign's identity.
constexpr std::uint32_t journal_format = 2;

/// What a run knows when it begins: enough to make campaign.h5 from its journal alone.
struct JournalHeader {
  std::string identity;       ///< "key = value" lines: what makes two campaigns the same
  std::string identity_hash;  ///< SHA-256 of `identity`
  std::string name;
  std::string experiment;                ///< resolved, as TOML
  std::uint64_t restarts_requested = 0;  ///< of the campaign; with a rule: its maximum
  StoppingRule rule;
  std::vector<double> epsilons;
  TableSummary table;
  MethodSummary method;
  Provenance provenance;
  std::int64_t started = 0;  ///< seconds since 1970
};

/// A journal, DIR/journal/RUN.WRITER.qhnj, append-only: every run has one for each of its nodes,
/// written by one rank there, and never touches what another run or node wrote. Frames follow each
/// other:
///
///   magic (4 bytes) · kind (u32) · length n (u32) · payload (n bytes) · CRC-32 of kind to payload
///
/// Kinds: header (twice at the beginning, so that one damaged byte cannot hide the rest), record
/// (record/packing.hpp), checkpoint (superseded by later ones of its restart and by its record),
/// energy (what the run took, at its end: rank 0's journal only). Kinds that a reader does not know
/// are skipped.
/// Everything is little-endian. A record counts as finished once append() has returned: it is in
/// the operating system's hands then, and no kill of this process takes it back. A thread syncs
/// twice a second, and the destructor at the end, so a power cut takes back a second at most.
class Journal {
 public:
  /// `writer`: the number of the rank that writes; `header`: the same for all writers of a run.
  /// Throws RunError with path and reason, like all that follow.
  Journal(const std::string& folder, const std::string& run, int writer,
          const JournalHeader& header);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// One write(2) for all of them. Where it fails (disk full, quota), the file is cut back to the
  /// last whole frame.
  void append(std::span<const RestartRecord> records);
  void append(const RestartCheckpoint& checkpoint);
  void append(const RunEnergy& energy);
  /// Syncs and reports what a sync in the background could not say earlier.
  void close();
  /// Removes the file; for a run that is refused before it has written anything else.
  void discard();

  const std::string& path() const { return path_; }

 private:
  void write();
  void sync_now_and_then();

  std::string path_;
  int fd_ = -1;
  std::vector<std::byte> buffer_;
  std::uint64_t size_ = 0;  // of the whole frames
  std::mutex mutex_;
  std::condition_variable wake_;
  bool closing_ = false;                 // under mutex_
  std::atomic<std::uint64_t> dirty_{0};  // writes since the last sync
  std::atomic<int> sync_error_{0};
  std::thread syncer_;
};

/// What one journal held besides its intact frames.
struct JournalReport {
  struct Damage {
    std::uint64_t offset = 0, length = 0;
  };
  std::string path;
  std::uint64_t records = 0;
  std::uint64_t torn = 0;       ///< bytes of a last frame that was not written to its end
  std::vector<Damage> damaged;  ///< bytes that are no frame, with intact frames around them
  bool has_header = false;
  bool unrelated = false;     ///< no file, or nothing in it is a journal's: only its name says so
  std::int64_t started = 0;   ///< seconds since 1970: the header's
  std::int64_t modified = 0;  ///< the same, of the last write

  std::string run() const;  ///< the name of the run that `path` carries
};

/// A header as bytes, for messages between ranks, and back.
std::vector<std::byte> pack(const JournalHeader& header);
JournalHeader unpack_header(std::span<const std::byte> bytes);

/// Called for every intact frame of its kind, in the order of the file.
struct JournalVisitor {
  std::function<void(const JournalHeader&)> header;  ///< once
  std::function<void(RestartRecord&&, std::uint64_t offset)> record;
  std::function<void(RestartCheckpoint&&)> checkpoint;
  std::function<void(RunEnergy&&)> energy = {};
};

/// Reads a journal, a running one too, in pieces. Damage is skipped to the next intact frame and
/// reported. Throws RunError where the file cannot be read, InputError on another format version
/// and on an intact frame whose content no qhn writes.
JournalReport read_journal(const std::string& path, const JournalVisitor& visitor);

/// The records whose frames begin at `offsets`, ascending, as read_journal told them.
void read_records(const std::string& path, std::span<const std::uint64_t> offsets,
                  const std::function<void(RestartRecord&&)>& record);

/// Its header alone; false: it has none that is readable.
bool read_journal_header(const std::string& path, JournalHeader& header);

}  // namespace qhn
