#pragma once

#include <mpi.h>

#include <cstddef>
#include <list>
#include <optional>
#include <utility>
#include <vector>

#include "comm/communicator.hpp"
#include "core/bytes.hpp"

namespace qhn {

/// Kinds of the farm's messages.
enum class MailKind : int {
  request,  ///< to rank 0: SharedRestarts::Request
  grant,    ///< from rank 0, answers a request: SharedRestarts::Grant
  records,  ///< to the writer: packed records, packed checkpoints
  written,  ///< from a writer to rank 0: FinishedRestarts
  halt,     ///< to rank 0, through the writer: end the campaign; from rank 0: stop
  last,     ///< to the writer, and from a writer to rank 0: no more records
  over,     ///< from rank 0: the last message to each rank
};

/// Messages of one rank; used by the calling thread only. Sends never block.
class Mail {
 public:
  /// Collective over `comm`.
  explicit Mail(MPI_Comm comm) : comm_(Communicator(comm).duplicate()) {}
  /// Waits until all messages are sent.
  ~Mail();
  Mail(const Mail&) = delete;
  Mail& operator=(const Mail&) = delete;

  const Communicator& comm() const { return comm_; }

  /// Sends `fields`, of the types that ByteWriter takes.
  template <class... T>
  void send(int to, MailKind kind, const T&... fields) {
    std::vector<std::byte> bytes;
    bytes.reserve(64);  // most messages need less
    ByteWriter writer(bytes);
    writer(fields...);
    post(to, kind, std::move(bytes));
  }

  struct Message {
    int from;
    MailKind kind;
    std::vector<std::byte> bytes;

    /// Reads the fields that were sent.
    template <class... T>
    void read(T&... fields) const {
      ByteReader reader(bytes);
      reader(fields...);
    }
  };
  /// The next complete message; messages of one rank are returned in the order they were sent.
  /// Never blocks: a long message arrives in pieces, whenever its sender polls.
  std::optional<Message> receive();

 private:
  struct Sent {
    std::vector<std::byte> bytes;
    MPI_Request request;
  };
  struct Arriving {
    Message message;
    MPI_Request request;
  };
  void post(int to, MailKind kind, std::vector<std::byte> bytes);

  Communicator comm_;
  std::list<Sent> sent_;
  std::list<Arriving> arriving_;
};

}  // namespace qhn
