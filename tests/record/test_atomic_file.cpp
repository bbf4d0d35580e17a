#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <thread>

#include "core/error.hpp"
#include "record/atomic_file.hpp"
#include "temporary_folder.hpp"

namespace qhn {
namespace {

namespace fs = std::filesystem;

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct stat status_of(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path << ": " << std::strerror(errno);
  return info;
}

/// Another umask until the end of a test.
class Umask {
 public:
  explicit Umask(mode_t mask) : old_(::umask(mask)) {}
  ~Umask() { ::umask(old_); }

 private:
  mode_t old_;
};

TEST(AtomicFile, ReplacesWhatIsThereAndLeavesNothingElse) {
  const TemporaryFolder folder;
  const std::string path = folder.write("a", "old");
  {
    NewFile file(path);
    file.write(std::as_bytes(std::span("new", 3)));
    EXPECT_EQ(content_of(path), "old");
    EXPECT_EQ(folder.count(), 2);
  }
  EXPECT_EQ(content_of(path), "old");
  EXPECT_EQ(folder.count(), 1);
  write_atomically(path, std::string("new"));
  EXPECT_EQ(content_of(path), "new");
  EXPECT_EQ(folder.count(), 1);
}

TEST(AtomicFile, KeepsPermissionsAndOwner) {
  const TemporaryFolder folder;
  const Umask mask(022);
  const std::string path = folder.write("a", "old");
  for (const mode_t mode : {0600, 0640, 0666, 0751}) {
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    if (::geteuid() == 0) {
      ASSERT_EQ(::chown(path.c_str(), 12, 34), 0);
    }
    write_atomically(path, std::string("new"));
    EXPECT_EQ(status_of(path).st_mode & 07777, mode);
    if (::geteuid() == 0) {
      EXPECT_EQ(status_of(path).st_uid, 12u);
      EXPECT_EQ(status_of(path).st_gid, 34u);
    }
  }
  const std::string fresh = folder / "b";
  write_atomically(fresh, std::string("new"));
  EXPECT_EQ(status_of(fresh).st_mode & 07777, 0644u);
}

TEST(AtomicFile, IsNotReadableToOthersWhileItReplacesASecret) {
  const TemporaryFolder folder;
  const Umask mask(0);
  const std::string path = folder.write("secret", "old");
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  const NewFile file(path);
  for (const auto& entry : fs::directory_iterator(folder / ""))
    EXPECT_EQ(status_of(entry.path()).st_mode & 077, 0u) << entry.path();
}

TEST(AtomicFile, WritesWhatALinkPointsTo) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "elsewhere");
  const std::string target = folder.write("elsewhere/t", "old");
  fs::create_symlink("elsewhere/t", folder / "near");
  fs::create_symlink(folder / "near", folder / "far");
  for (const char* name : {"near", "far"}) {
    write_atomically(folder / name, std::string(name));
    EXPECT_EQ(content_of(target), name);
    EXPECT_TRUE(fs::is_symlink(folder / name));
    EXPECT_TRUE(S_ISREG(status_of(target).st_mode));
  }
  fs::create_symlink("elsewhere/none", folder / "dangling");
  write_atomically(folder / "dangling", std::string("made"));
  EXPECT_EQ(content_of(folder / "elsewhere/none"), "made");
  EXPECT_TRUE(fs::is_symlink(folder / "dangling"));
  fs::create_symlink("round", folder / "loop");
  fs::create_symlink("loop", folder / "round");
  EXPECT_EQ(message_of<RunError>([&] { write_atomically(folder / "loop", std::string("x")); }),
            folder / "loop" + ": cannot write: Too many levels of symbolic links");
}

TEST(AtomicFile, RefusesALinkThatAnotherUserMade) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make a link for another user";
  const TemporaryFolder folder;
  const std::string victim = folder.write("victim", "old");
  fs::create_symlink("victim", folder / "planted");
  ASSERT_EQ(::lchown((folder / "planted").c_str(), 1234, 1234), 0);
  EXPECT_EQ(message_of<RunError>([&] { write_atomically(folder / "planted", std::string("x")); }),
            folder / "planted" + ": cannot write: it is a link that another user made (uid 1234)");
  EXPECT_EQ(content_of(victim), "old");
}

TEST(AtomicFile, WritesToADeviceAsItIs) {
  const TemporaryFolder folder;
  const std::string null = folder / "null", full = folder / "full";
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make a device";
  ASSERT_EQ(::mknod(null.c_str(), S_IFCHR | 0666, makedev(1, 3)), 0) << std::strerror(errno);
  ASSERT_EQ(::mknod(full.c_str(), S_IFCHR | 0666, makedev(1, 7)), 0) << std::strerror(errno);
  fs::create_symlink("null", folder / "link");
  for (const std::string& path : {null, folder / "link"}) {
    write_atomically(path, std::string("text"));
    EXPECT_TRUE(S_ISCHR(status_of(null).st_mode));
  }
  EXPECT_EQ(message_of<RunError>([&] { write_atomically(full, std::string("text")); }),
            full + ": cannot write: No space left on device");
  EXPECT_TRUE(S_ISCHR(status_of(full).st_mode));
  EXPECT_EQ(message_of<RunError>([&] { NewFile(null, NewFile::Special::refuse); }),
            null + ": cannot write: it is not a regular file");
  EXPECT_EQ(folder.count(), 3);
}

TEST(AtomicFile, WritesThroughAFifo) {
  const TemporaryFolder folder;
  const std::string fifo = folder / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  std::string read;
  std::thread reader([&] { read = content_of(fifo); });
  const std::string text(200000, 'x');  // more than a pipe holds
  write_atomically(fifo, text);
  reader.join();
  EXPECT_EQ(read, text);
  EXPECT_TRUE(S_ISFIFO(status_of(fifo).st_mode));
}

TEST(AtomicFile, WritesToAnOpenDescriptorWhereItStands) {
  const TemporaryFolder folder;
  const std::string log = folder.write("log", "before\n");
  const int fd = ::open(log.c_str(), O_WRONLY | O_APPEND);
  for (const char* name : {"/proc/self/fd/{}", "/dev/fd/{}"}) {
    std::string path = name;
    path.replace(path.find("{}"), 2, std::to_string(fd));
    write_atomically(path, path + '\n');
  }
  ::close(fd);
  const std::string number = std::to_string(fd);
  EXPECT_EQ(content_of(log), "before\n/proc/self/fd/" + number + "\n/dev/fd/" + number + "\n");
}

TEST(AtomicFile, RefusesAFolder) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "d");
  EXPECT_EQ(message_of<RunError>([&] { write_atomically(folder / "d", std::string("x")); }),
            folder / "d" + ": cannot write: Is a directory");
  EXPECT_EQ(message_of<RunError>([&] { write_atomically(folder / "no/f", std::string("x")); }),
            folder / "no/f" + ": cannot write: No such file or directory");
}

TEST(AtomicFile, TakesNamesAsLongAsTheFileSystemDoes) {
  const TemporaryFolder folder;
  const std::string path = folder / std::string(255, 'n');
  write_atomically(path, std::string("new"));
  EXPECT_EQ(content_of(path), "new");
  EXPECT_EQ(folder.count(), 1);
}

TEST(AtomicFile, HasTemporaryNamesThatNobodyCanGuess) {
  const TemporaryFolder folder;
  const std::string path = folder / "a";
  const NewFile one(path), two(path);  // of one process
  EXPECT_EQ(folder.count(), 2);
  EXPECT_NE(random_name(), random_name());
  EXPECT_EQ(random_name().size(), 16u);
}

TEST(AtomicFile, NeverOpensWhatOthersPlanted) {
  const TemporaryFolder folder;
  const std::string victim = folder.write("victim", "old");
  const std::string link = folder / "link", dangling = folder / "dangling";
  fs::create_symlink(victim, link);
  fs::create_symlink(folder / "none", dangling);
  for (const std::string& path : {victim, link, dangling}) {
    EXPECT_EQ(create_new_file(path, 0666), -1) << path;
    EXPECT_EQ(errno, EEXIST) << path;
  }
  EXPECT_EQ(content_of(victim), "old");
  EXPECT_FALSE(fs::exists(folder / "none"));
  const int fd = create_new_file(folder / "new", 0666);
  EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  ::close(fd);
}

// A library opens the file by name; the name may have been given to another file by then.
TEST(AtomicFile, IsReopenedAsTheFileItIs) {
  const TemporaryFolder folder;
  const std::string victim = folder.write("victim", "old");
  NewFile file(folder / "a");
  for (const auto& entry : fs::directory_iterator(folder / ""))
    if (entry.path().string() != victim) {
      fs::remove(entry.path());
      fs::create_symlink(victim, entry.path());
      break;
    }
  std::ofstream(file.reopen_path(), std::ios::trunc) << "new";
  EXPECT_EQ(content_of(victim), "old");
}

}  // namespace
}  // namespace qhn
