#include "campaign/farm_mail.hpp"

#include <set>

namespace qhn {

Mail::~Mail() {
  for (Sent& sent : sent_) MPI_Wait(&sent.request, MPI_STATUS_IGNORE);
}

void Mail::post(int to, MailKind kind, std::vector<std::byte> bytes) {
  std::erase_if(sent_, [](Sent& sent) {
    int done = 0;
    MPI_Test(&sent.request, &done, MPI_STATUS_IGNORE);
    return done != 0;
  });
  Sent& sent = sent_.emplace_back(Sent{std::move(bytes), MPI_REQUEST_NULL});
  MPI_Isend(sent.bytes.data(), static_cast<int>(sent.bytes.size()), MPI_BYTE, to,
            static_cast<int>(kind), comm_, &sent.request);
}

std::optional<Mail::Message> Mail::receive() {
  for (;;) {
    int there = 0, length = 0;
    MPI_Message handle = MPI_MESSAGE_NULL;
    MPI_Status status;
    MPI_Improbe(MPI_ANY_SOURCE, MPI_ANY_TAG, comm_, &there, &handle, &status);
    if (!there) break;
    MPI_Get_count(&status, MPI_BYTE, &length);
    Arriving& one = arriving_.emplace_back(
        Arriving{{status.MPI_SOURCE, static_cast<MailKind>(status.MPI_TAG), {}}, MPI_REQUEST_NULL});
    one.message.bytes.resize(static_cast<std::size_t>(length));
    MPI_Imrecv(one.message.bytes.data(), length, MPI_BYTE, &handle, &one.request);
  }
  std::set<int> incomplete;  // ranks
  for (auto it = arriving_.begin(); it != arriving_.end(); ++it) {
    if (incomplete.contains(it->message.from)) continue;
    int done = 0;
    MPI_Test(&it->request, &done, MPI_STATUS_IGNORE);
    if (!done) {
      incomplete.insert(it->message.from);
      continue;
    }
    Message message = std::move(it->message);
    arriving_.erase(it);
    return message;
  }
  return std::nullopt;
}

}  // namespace qhn
