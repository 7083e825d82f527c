// SPDX-License-Identifier: GPL-2.0-or-later
/* What programs do beside ioctls. */
#include <grp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "device.h"

static long result(long ret)
{
	return ret < 0 ? -errno : ret;
}

/* ---- descriptors of the node ----------------------------------------------- */

long act_open(const struct call *call)
{
	static const int flags[] = {
		O_RDWR,
		O_RDWR | O_NONBLOCK,
		O_RDONLY,
		O_WRONLY,
		O_PATH,
		O_RDWR | O_EXCL,
		O_RDWR | O_DIRECT,
		O_APPEND,
		O_RDWR | O_TRUNC,
		O_RDWR | O_CREAT,
	};
	int fd;

	if (call->args[A_FAIL])
		lane_fail(call->args[A_FAIL]);
	fd = open(NODE,
		  flags[call->args[OPEN_FLAGS] % ARRAY_SIZE(flags)] | O_CLOEXEC,
		  0600);
	if (call->args[A_FAIL])
		lane_fail(0);
	if (fd < 0)
		return -errno;
	slot_put(call->args[A_FILE], fd);
	return fd;
}

long act_close(const struct call *call)
{
	slot_put(call->args[A_FILE], -1);
	return 0;
}

long act_dup(const struct call *call)
{
	int fd = dup(slot_fd(call->args[A_FILE]));

	if (fd < 0)
		return -errno;
	slot_put(call->args[A_TO], fd);
	return fd;
}

long act_nonblock(const struct call *call)
{
	int on = call->args[A_ON];

	return result(ioctl(slot_fd(call->args[A_FILE]), FIONBIO, &on));
}

static int send_fd(int socket, int fd)
{
	char control[CMSG_SPACE(sizeof(fd))] = {}, byte = 0;
	struct iovec part = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	return sendmsg(socket, &message, 0);
}

static int receive_fd(int socket)
{
	char control[CMSG_SPACE(sizeof(int))] = {}, byte;
	struct iovec part = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *head;
	int fd = -1;

	if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) < 0)
		return -1;
	head = CMSG_FIRSTHDR(&message);
	if (head)
		memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	return fd;
}

/* For a while only a message holds it. */
long act_pass(const struct call *call)
{
	int ends[2], fd = -1;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		return -errno;
	if (send_fd(ends[0], slot_fd(call->args[A_FILE])) == 1) {
		slot_put(call->args[A_FILE], -1);
		fd = receive_fd(ends[1]);
		slot_put(call->args[A_TO], fd);
	}
	close(ends[0]);
	close(ends[1]);
	return fd;
}

/* ---- events ------------------------------------------------------------------- */

static long read_into(const struct call *call, struct spot *spot)
{
	int fd = slot_fd(call->args[A_FILE]);
	const size_t size = spot->size, first = size / 2 / 64 * 64;
	struct iovec parts[] = {
		{ spot->given, first },
		{ (uint8_t *)spot->given + first, size - first },
	};

	switch (call->args[READ_PARTS]) {
	case 1:
		return result(readv(fd, parts, ARRAY_SIZE(parts)));
	case 2:
		return result(pread(fd, spot->given, size, 0));
	default:
		return result(read(fd, spot->given, size));
	}
}

static void judge_read(const struct spot *spot, long ret)
{
	struct kcopyd_event event;

	if (ret < 0) {
		if (ret == -EFAULT && !spot->faults && !journal->failing)
			problem("read: EFAULT, and all memory was there");
		/* ESPIPE of pread; ENOMEM of what fails for a test. */
		if (ret != -EFAULT && ret != -EINVAL && ret != -EAGAIN &&
		    ret != -EINTR && ret != -EBADF && ret != -ESPIPE)
			problem("read: errno %ld (%s) is not documented", -ret,
				strerror(-ret));
		return;
	}
	if (ret % sizeof(event) || (size_t)ret > spot->size ||
	    (!spot->faults && !spot_untouched(spot, ret)))
		problem("read: %ld bytes of %zu", ret, spot->size);
	for (size_t at = 0; at + sizeof(event) <= (size_t)ret &&
			    at + sizeof(event) <= spot->room;
	     at += sizeof(event)) {
		memcpy(&event, spot->mine + at, sizeof(event));
		judge_event(&event);
	}
}

long act_read(const struct call *call)
{
	struct spot spot;
	long ret;

	memory_spot(lane_current()->memory, call->args[A_MEMORY],
		    call->args[READ_BYTES], &spot);
	if (call->args[A_FAIL])
		lane_fail(call->args[A_FAIL]);
	ret = read_into(call, &spot);
	if (call->args[A_FAIL])
		lane_fail(0);
	judge_read(&spot, ret);
	return ret;
}

static long poll_by_epoll(int fd, const struct call *call, int timeout)
{
	struct epoll_event event = { .events = call->args[POLL_EVENTS] };
	int epoll = epoll_create1(0);
	long ret;

	ret = epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	if (!ret)
		ret = epoll_wait(epoll, &event, 1, timeout);
	ret = result(ret);
	close(epoll);
	return ret;
}

static long poll_by_select(int fd, int timeout)
{
	struct timeval time = { .tv_usec = timeout * 1000 };
	fd_set set;

	if (fd < 0 || fd >= FD_SETSIZE)
		return -EBADF;
	FD_ZERO(&set);
	FD_SET(fd, &set);
	return result(select(fd + 1, &set, NULL, NULL, &time));
}

long act_poll(const struct call *call)
{
	struct pollfd one = {
		.fd = slot_fd(call->args[A_FILE]),
		.events = call->args[POLL_EVENTS],
	};
	int timeout = call->args[POLL_TIMEOUT] % 30;
	long ret;

	if (call->args[POLL_BY] == 1)
		return poll_by_epoll(one.fd, call, timeout);
	if (call->args[POLL_BY] == 2)
		return poll_by_select(one.fd, timeout);
	ret = result(poll(&one, 1, timeout));
	/* What it was a moment ago may be closed by another thread. */
	if (ret > 0 && one.revents & (POLLERR | POLLHUP | POLLPRI))
		problem("poll: says %#x", one.revents);
	return ret;
}

long act_settle(const struct call *call)
{
	struct kcopyd_status status;
	int fd = slot_fd(call->args[A_FILE]);

	for (unsigned int i = 0; i < 30; i++) {
		status = (struct kcopyd_status){
			.size = sizeof(status),
			.job = job_meant(call->args[A_JOB]),
		};
		if (ioctl(fd, KCOPYD_IOC_STATUS, &status))
			return -errno;
		if (status.state == KCOPYD_STATE_DONE)
			return status.code;
		usleep(3000);
	}
	return -ETIME;
}

/* ---- what else one can do with a descriptor ------------------------------- */

long act_mmap(const struct call *call)
{
	const uint64_t *args = call->args;
	size_t length = args[MMAP_LENGTH] % (16 * MIB);
	void *at = mmap(NULL, length, args[MMAP_PROT] & 7,
			args[MMAP_FLAGS] & 3 ?: MAP_SHARED,
			slot_fd(args[A_FILE]), 0);

	if (at == MAP_FAILED)
		return -errno;
	if (!fcntl(slot_fd(args[A_FILE]), F_GETFD) && length)
		problem("mmap: %zu bytes of the node", length);
	munmap(at, length);
	return 0;
}

long act_other(const struct call *call)
{
	const uint64_t value = call->args[OTHER_VALUE];
	int fd = slot_fd(call->args[A_FILE]), one = value & 1;
	struct stat stat;
	char bytes[64] = {};

	switch (call->args[OTHER_WHICH] % 16) {
	case 0:
		return result(write(fd, bytes, value % sizeof(bytes)));
	case 1:
		return result(pwrite(fd, bytes, sizeof(bytes), value));
	case 2:
		return result(lseek(fd, value, value % 5));
	case 3:
		return result(fsync(fd));
	case 4:
		return result(ftruncate(fd, value));
	case 5:
		return result(fallocate(fd, value & 3, 0, 4096));
	case 6:
		return result(flock(fd, (value & 15) | LOCK_NB));
	case 7:
		return result(ioctl(fd, FIOASYNC, &one));
	case 8:
		return result(sendfile(thing_fd(thing_find("null")), fd, NULL,
				       value % 4096));
	case 9:
		return result(splice(fd, NULL, thing_fd(thing_find("pipe")),
				     NULL, 4096, SPLICE_F_NONBLOCK));
	case 10:
		return result(fstat(fd, &stat));
	case 11:
		return result(fcntl(fd, F_SETFL,
				    value & (O_NONBLOCK | O_APPEND | O_ASYNC |
					     O_DIRECT)));
	case 12:
		return result(fcntl(fd, F_SETLEASE, value % 3));
	case 13:
		return result(posix_fadvise(fd, 0, value, value % 6));
	case 14:
		return result(syscall(SYS_copy_file_range, fd, NULL,
				      thing_fd(thing_find("file")), NULL, 4096,
				      0));
	default:
		return result(fcntl(fd, F_SETSIG, value % 70));
	}
}

/* ---- the machine ---------------------------------------------------------------- */

long act_sleep(const struct call *call)
{
	return result(usleep(call->args[A_TIME] % 20000));
}

/* Of this thread only: the others go on as they were. */
long act_user(const struct call *call)
{
	long user = call->args[USER_ID] & 0xffff ?: 65534;

	return result(syscall(SYS_setresuid, user, user, user));
}

long act_shut(const struct call *call)
{
	thing_shut(call->args[A_THING]);
	return 0;
}

/* Through the page cache, where it waits for whoever comes first. */
long act_dirty(const struct call *call)
{
	const unsigned int thing = thing_index(call->args[A_THING]);
	uint64_t at = call->args[DIRTY_AT] % MIB;
	uint64_t length = call->args[DIRTY_BYTES] % 65536;
	struct journal_change *change;
	char bytes[65536];

	if (!(things[thing].is & THING_DISK))
		return -ENOTBLK;
	change = journal_add_change();
	if (!change)
		return -EAGAIN;
	*change = (struct journal_change){ { thing, at }, length };
	memset(bytes, 0xdd, length);
	return result(pwrite(thing_fd(call->args[A_THING]), bytes, length, at));
}

long act_suspend(const struct call *call)
{
	const struct thing *thing = &things[thing_index(call->args[A_THING])];

	if (!(thing->is & THING_DM))
		return -ENOTBLK;
	journal->suspended = true;
	return disk_suspend(thing->name, call->args[THING_ON]);
}

long act_readonly(const struct call *call)
{
	const struct thing *thing = &things[thing_index(call->args[A_THING])];

	/* Of a source it is nobody's business. */
	if (!(thing->is & THING_DISK) || thing->is & THING_SOURCE)
		return -ENOTBLK;
	journal->readonly = true;
	return disk_set_readonly(thing->name, call->args[THING_ON]);
}

long act_parameter(const struct call *call)
{
	journal->parameters = true;
	return parameter_set(call->args[PARAMETER_WHICH],
			     call->args[PARAMETER_VALUE]);
}
