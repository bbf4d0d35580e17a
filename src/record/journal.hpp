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

#include "record/campaign_file.hpp"
#include "record/energy.hpp"
#include "record/provenance.hpp"
#include "record/record.hpp"
#include "record/stopping.hpp"

namespace qhn {

/// Version of the frames and their contents; part of a campaign's identity.
constexpr std::uint32_t journal_format = 4;

/// The state of a run at its start: enough to make campaign.h5 from its journal alone.
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

/// A journal, DIR/journal/RUN.WRITER.qhnj, append-only. Every run has one per node, written by one
/// rank there. No run or node changes the journal of another. Frames follow each other:
///
///   magic (4 bytes) · kind (u32) · length n (u32) · payload (n bytes) · CRC-32 of kind to payload
///
/// Kinds: header (twice at the beginning, so that one damaged byte cannot hide the rest), record
/// (record/packing.hpp), checkpoint (superseded by later ones of its restart and by its record),
/// energy (of the run, at its end: only in rank 0's journal). Readers skip unknown kinds.
/// Everything is little-endian.
///
/// A record counts as finished once append() has returned. The operating system holds it then, so a
/// killed process loses no finished restart. A thread syncs twice a second, and the destructor at
/// the end, so a power failure loses at most a second.
class Journal {
 public:
  /// `writer`: the number of the rank that writes; `header`: the same for all writers of a run. All
  /// functions throw RunError with path and reason.
  Journal(const std::string& folder, const std::string& run, int writer,
          const JournalHeader& header);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// One write(2) for all of them. If it fails (disk full, quota), the file is cut back to the last
  /// whole frame.
  void append(std::span<const RestartRecord> records);
  void append(const RestartCheckpoint& checkpoint);
  void append(const RunEnergy& energy);
  /// Syncs, and throws the error of an earlier sync in the background.
  void close();
  /// Removes the file: for a run that fails before it has written anything else.
  void discard();

  const std::string& path() const { return path_; }

 private:
  void write();
  void sync_now_and_then();

  std::string path_;
  int fd_ = -1;
  std::vector<std::byte> buffer_;
  std::uint64_t size_ = 0;  // bytes of whole frames
  std::mutex mutex_;
  std::condition_variable wake_;
  bool closing_ = false;                 // under mutex_
  std::atomic<std::uint64_t> dirty_{0};  // writes since the last sync
  std::atomic<int> sync_error_{0};
  std::thread syncer_;
};

/// Result of reading a journal, without the content of its intact frames.
struct JournalReport {
  struct Damage {
    std::uint64_t offset = 0, length = 0;
  };
  std::string path;
  std::uint64_t records = 0;
  std::uint64_t torn = 0;       ///< bytes of an incomplete last frame
  std::vector<Damage> damaged;  ///< bytes outside frames, between intact frames
  bool has_header = false;
  bool unrelated = false;     ///< a journal by name only: not a file, or without any frame
  std::int64_t started = 0;   ///< by the header, in seconds since 1970
  std::int64_t modified = 0;  ///< last write, in seconds since 1970

  std::string run() const;  ///< the name of the run, from `path`
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

/// Reads a journal in pieces, also one that a run is writing. Skips damage to the next intact frame
/// and reports it. Throws RunError if the file cannot be read, InputError for another format
/// version or an intact frame whose content qhn does not write.
JournalReport read_journal(const std::string& path, const JournalVisitor& visitor);

/// Reads the records whose frames begin at `offsets`, ascending, as reported by read_journal.
void read_records(const std::string& path, std::span<const std::uint64_t> offsets,
                  const std::function<void(RestartRecord&&)>& record);

/// Reads only the header; false: no readable header.
bool read_journal_header(const std::string& path, JournalHeader& header);

}  // namespace qhn
