// What a power cut would leave. The calls of the code under test that write, sync and rename go
// through this program's own, which keep a ledger of files with content that is not synced yet.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <mutex>
#include <set>
#include <thread>

#include "record/atomic_file.hpp"
#include "record/campaign_file.hpp"
#include "record/claims.hpp"
#include "record/journal.hpp"
#include "temporary_folder.hpp"

namespace qhn {
namespace {

namespace fs = std::filesystem;

class Ledger {
 public:
  Ledger() { current = this; }
  ~Ledger() { current = nullptr; }
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  void wrote(int fd) {
    change([&] { dirty_.insert(inode_of(fd)); });
  }
  void synced(int fd) {
    change([&] {
      dirty_.erase(inode_of(fd));
      struct stat info {};
      if (::fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) folders_.insert(info.st_ino);
    });
  }
  /// `to` names from now on what `from` did.
  void renames(const std::string& from, const std::string& to) {
    change([&] {
      ++renames_;
      if (dirty_.count(inode_of(from))) torn_.push_back(to);
      folders_.erase(inode_of(fs::absolute(to).parent_path()));
    });
  }

  bool is_dirty(const std::string& path) {
    const std::lock_guard lock(mutex_);
    return dirty_.count(inode_of(path)) > 0;
  }
  /// The names in this folder would be there.
  bool has_names(const std::string& folder) {
    const std::lock_guard lock(mutex_);
    return folders_.count(inode_of(folder)) > 0;
  }
  /// Files that were renamed to where others are before their content was safe.
  const std::vector<std::string>& torn() const { return torn_; }
  int count_renames() const { return renames_; }

  inline static Ledger* current = nullptr;

 private:
  template <class F>
  void change(F f) {
    const std::lock_guard lock(mutex_);
    f();
  }
  static ino_t inode_of(int fd) {
    struct stat info {};
    return ::fstat(fd, &info) == 0 ? info.st_ino : 0;
  }
  static ino_t inode_of(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 ? info.st_ino : 0;
  }

  std::mutex mutex_;
  std::set<ino_t> dirty_, folders_;
  std::vector<std::string> torn_;
  int renames_ = 0;
};

template <class Result>
Result noted(int fd, Result result, void (Ledger::*note)(int)) {
  const int error = errno;
  if (Ledger::current && result >= 0) (Ledger::current->*note)(fd);
  errno = error;
  return result;
}

}  // namespace
}  // namespace qhn

using qhn::Ledger;

extern "C" {
ssize_t write(int fd, const void* data, size_t size) {
  return qhn::noted(fd, ::syscall(SYS_write, fd, data, size), &Ledger::wrote);
}
ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
  return qhn::noted(fd, ::syscall(SYS_pwrite64, fd, data, size, at), &Ledger::wrote);
}
ssize_t pwrite64(int fd, const void* data, size_t size, off_t at) {
  return qhn::noted(fd, ::syscall(SYS_pwrite64, fd, data, size, at), &Ledger::wrote);
}
int fsync(int fd) {
  return qhn::noted(fd, static_cast<int>(::syscall(SYS_fsync, fd)), &Ledger::synced);
}
int fdatasync(int fd) {
  return qhn::noted(fd, static_cast<int>(::syscall(SYS_fdatasync, fd)), &Ledger::synced);
}
int rename(const char* from, const char* to) noexcept {
  if (Ledger::current) Ledger::current->renames(from, to);
  return ::renameat(AT_FDCWD, from, AT_FDCWD, to);
}
int link(const char* from, const char* to) noexcept {
  if (Ledger::current) Ledger::current->renames(from, to);
  return ::linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}
}

namespace qhn {
namespace {

TEST(Durability, TheLedgerSeesWhatIsLost) {
  const TemporaryFolder folder;
  Ledger ledger;
  const int fd = ::open((folder / "a").c_str(), O_WRONLY | O_CREAT, 0666);
  ASSERT_EQ(::write(fd, "text", 4), 4);
  EXPECT_TRUE(ledger.is_dirty(folder / "a"));
  ASSERT_EQ(::rename((folder / "a").c_str(), (folder / "b").c_str()), 0);
  EXPECT_EQ(ledger.torn(), std::vector<std::string>{folder / "b"});
  EXPECT_FALSE(ledger.has_names(folder / ""));
  ASSERT_EQ(::fdatasync(fd), 0);
  EXPECT_FALSE(ledger.is_dirty(folder / "b"));
  sync_folder(folder / "b");
  EXPECT_TRUE(ledger.has_names(folder / ""));
  ::close(fd);
}

TEST(Durability, AFileIsSafeBeforeItTakesItsName) {
  const TemporaryFolder folder;
  const std::string path = folder.write("a", "old");
  fs::create_directory(folder / "elsewhere");
  fs::create_symlink("elsewhere/b", folder / "link");
  Ledger ledger;
  write_atomically(path, std::string("new"));
  EXPECT_TRUE(ledger.has_names(folder / ""));
  write_atomically(folder / "link", std::string("new"));
  EXPECT_TRUE(ledger.has_names(folder / "elsewhere"));
  EXPECT_EQ(ledger.count_renames(), 2);
  EXPECT_EQ(ledger.torn(), std::vector<std::string>{});
}

TEST(Durability, ACampaignFileIsSafeBeforeItTakesItsName) {
  const TemporaryFolder folder;
  CampaignFile campaign;
  campaign.name = "tiny";
  campaign.records.resize(3);
  Ledger ledger;
  write_campaign(folder / "campaign.h5", campaign);
  EXPECT_EQ(ledger.count_renames(), 1);
  EXPECT_EQ(ledger.torn(), std::vector<std::string>{});
  EXPECT_FALSE(ledger.is_dirty(folder / "campaign.h5"));
  EXPECT_TRUE(ledger.has_names(folder / ""));
}

TEST(Durability, AClaimIsSafeBeforeItTakesItsName) {
  const TemporaryFolder folder;
  Ledger ledger;
  const Claim claim(folder / "", this_process({0, 10}), 60, [](const ClaimState&) {});
  EXPECT_EQ(ledger.count_renames(), 2);
  EXPECT_EQ(ledger.torn(), std::vector<std::string>{});
  EXPECT_TRUE(ledger.has_names(folder / "claims"));
}

TEST(Durability, AJournalIsSafeWithinASecondAndWhenItIsClosed) {
  const TemporaryFolder folder;
  RestartRecord record;
  Ledger ledger;
  Journal journal(folder / "a/o", "run", 0, {});
  const std::string path = folder / "a/o/journal/run.0.qhnj";
  // The header, the name, and the folders that were made for it.
  EXPECT_FALSE(ledger.is_dirty(path));
  for (const char* name : {"a/o/journal", "a/o", "a", ""})
    EXPECT_TRUE(ledger.has_names(folder / name)) << name;

  using Clock = std::chrono::steady_clock;
  const auto began = Clock::now();
  journal.append({&record, 1});
  while (ledger.is_dirty(path) && Clock::now() - began < std::chrono::seconds(20))
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_FALSE(ledger.is_dirty(path));
  journal.append({&record, 1});
  journal.close();
  EXPECT_FALSE(ledger.is_dirty(path));
}

}  // namespace
}  // namespace qhn
