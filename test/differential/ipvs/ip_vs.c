/*
 * A stand-in for the kernel's ip_vs, loaded in front of the real ipvsadm where the kernel has none: the virtual servers
 * live in a file, and its socket options (linux/ip_vs.h) read and write them, with the errors of ip_vs_ctl.c.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/ip_vs.h>

#define MOST 64

struct server { struct ip_vs_dest_user is; };
struct service { struct ip_vs_service_user is; int count; struct server servers[MOST]; };
static struct { int count; struct ip_vs_timeout_user timeouts; struct ip_vs_daemon_user daemons[2]; struct service services[MOST]; } table;

static void load(void) {
	FILE *f = fopen(getenv("IP_VS_TABLE"), "r");
	memset(&table, 0, sizeof table);
	table.timeouts = (struct ip_vs_timeout_user){ 900, 120, 300 };
	if (f == NULL) return;
	if (fread(&table, sizeof table, 1, f) != 1) memset(&table, 0, sizeof table);
	fclose(f);
}

static void store(void) {
	FILE *f = fopen(getenv("IP_VS_TABLE"), "w");
	fwrite(&table, sizeof table, 1, f);
	fclose(f);
}

static int fail(int code) { errno = code; return -1; }

static struct service *find(__u16 protocol, __be32 addr, __be16 port, __u32 mark) {
	for (int i = 0; i < table.count; i++) {
		struct ip_vs_service_user *s = &table.services[i].is;
		if (mark ? s->fwmark == mark : !s->fwmark && s->protocol == protocol && s->addr == addr && s->port == port)
			return &table.services[i];
	}
	return NULL;
}

static int known(const char *name) {
	static const char *names[] = { "rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh", "twos" };
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++) if (!strcmp(name, names[i])) return 1;
	return 0;
}

static int change(int what, const void *value) {
	struct ip_vs_service_user ask;
	struct ip_vs_dest_user dest;
	struct service *service;
	int at;
	if (what == IP_VS_SO_SET_FLUSH) { table.count = 0; return 0; }
	if (what == IP_VS_SO_SET_TIMEOUT) {
		const struct ip_vs_timeout_user *t = value;
		if (t->tcp_timeout) table.timeouts.tcp_timeout = t->tcp_timeout;
		if (t->tcp_fin_timeout) table.timeouts.tcp_fin_timeout = t->tcp_fin_timeout;
		if (t->udp_timeout) table.timeouts.udp_timeout = t->udp_timeout;
		return 0;
	}
	if (what == IP_VS_SO_SET_STARTDAEMON || what == IP_VS_SO_SET_STOPDAEMON) {
		struct ip_vs_daemon_user d;
		memcpy(&d, value, sizeof d);
		struct ip_vs_daemon_user *slot = &table.daemons[d.state == IP_VS_STATE_MASTER ? 0 : 1];
		if (what == IP_VS_SO_SET_STARTDAEMON) {
			if (slot->state) return fail(EEXIST);
			*slot = d;
		} else {
			if (!slot->state) return fail(ESRCH);
			memset(slot, 0, sizeof *slot);
		}
		return 0;
	}
	memcpy(&ask, value, sizeof ask);
	memcpy(&dest, (const char *)value + sizeof ask, sizeof dest);
	if (what == IP_VS_SO_SET_ZERO && !ask.fwmark && !ask.addr && !ask.port) return 0;
	service = find(ask.protocol, ask.addr, ask.port, ask.fwmark);
	if (what != IP_VS_SO_SET_ADD && service == NULL) return fail(ESRCH);
	for (at = 0; service != NULL && at < service->count; at++)
		if (service->servers[at].is.addr == dest.addr && service->servers[at].is.port == dest.port) break;
	switch (what) {
	case IP_VS_SO_SET_ADD:
		if (service != NULL) return fail(EEXIST);
		if (!known(ask.sched_name)) return fail(ENOENT);
		service = &table.services[table.count++];
		memset(service, 0, sizeof *service);
		service->is = ask;
		return 0;
	case IP_VS_SO_SET_EDIT:
		if (!known(ask.sched_name)) return fail(ENOENT);
		service->is = ask;
		return 0;
	case IP_VS_SO_SET_DEL:
		*service = table.services[--table.count];
		return 0;
	case IP_VS_SO_SET_ADDDEST:
	case IP_VS_SO_SET_EDITDEST:
		if (dest.weight < 0 || dest.l_threshold > dest.u_threshold) return fail(ERANGE);
		if (what == IP_VS_SO_SET_ADDDEST ? at < service->count : at == service->count)
			return fail(what == IP_VS_SO_SET_ADDDEST ? EEXIST : ENOENT);
		if (at == service->count) service->count++;
		service->servers[at].is = dest;
		return 0;
	case IP_VS_SO_SET_DELDEST:
		if (at == service->count) return fail(ENOENT);
		service->servers[at] = service->servers[--service->count];
		return 0;
	}
	return 0;
}

static void entry(struct ip_vs_service_entry *to, const struct service *from) {
	memset(to, 0, sizeof *to);
	to->protocol = from->is.protocol;
	to->addr = from->is.addr;
	to->port = from->is.port;
	to->fwmark = from->is.fwmark;
	memcpy(to->sched_name, from->is.sched_name, sizeof to->sched_name);
	to->flags = from->is.flags;
	to->timeout = from->is.timeout;
	to->netmask = from->is.netmask;
	to->num_dests = from->count;
}

static int look(int what, void *value) {
	struct service *service;
	switch (what) {
	case IP_VS_SO_GET_INFO:
		*(struct ip_vs_getinfo *)value = (struct ip_vs_getinfo){ IP_VS_VERSION_CODE, 4096, table.count };
		return 0;
	case IP_VS_SO_GET_SERVICES:
		((struct ip_vs_get_services *)value)->num_services = table.count;
		for (int i = 0; i < table.count; i++) entry(&((struct ip_vs_get_services *)value)->entrytable[i], &table.services[i]);
		return 0;
	case IP_VS_SO_GET_SERVICE: {
		struct ip_vs_service_entry *ask = value;
		service = find(ask->protocol, ask->addr, ask->port, ask->fwmark);
		if (service == NULL) return fail(ESRCH);
		entry(ask, service);
		return 0;
	}
	case IP_VS_SO_GET_DESTS: {
		struct ip_vs_get_dests *ask = value;
		service = find(ask->protocol, ask->addr, ask->port, ask->fwmark);
		if (service == NULL) return fail(ESRCH);
		ask->num_dests = service->count;
		for (int i = 0; i < service->count; i++) {
			struct ip_vs_dest_entry *to = &ask->entrytable[i];
			struct ip_vs_dest_user *from = &service->servers[i].is;
			memset(to, 0, sizeof *to);
			to->addr = from->addr;
			to->port = from->port;
			to->conn_flags = from->conn_flags;
			to->weight = from->weight;
			to->u_threshold = from->u_threshold;
			to->l_threshold = from->l_threshold;
		}
		return 0;
	}
	case IP_VS_SO_GET_TIMEOUT:
		*(struct ip_vs_timeout_user *)value = table.timeouts;
		return 0;
	case IP_VS_SO_GET_DAEMON:
		memcpy(value, table.daemons, sizeof table.daemons);
		return 0;
	}
	return fail(EINVAL);
}

int getsockopt(int fd, int level, int what, void *value, socklen_t *length) {
	if (level != IPPROTO_IP || what < IP_VS_BASE_CTL || what > IP_VS_SO_GET_MAX) {
		int (*real)(int, int, int, void *, socklen_t *) = dlsym(RTLD_NEXT, "getsockopt");
		return real(fd, level, what, value, length);
	}
	load();
	return look(what, value);
}

int setsockopt(int fd, int level, int what, const void *value, socklen_t length) {
	int result;
	if (level != IPPROTO_IP || what < IP_VS_BASE_CTL || what > IP_VS_SO_SET_MAX) {
		int (*real)(int, int, int, const void *, socklen_t) = dlsym(RTLD_NEXT, "setsockopt");
		return real(fd, level, what, value, length);
	}
	load();
	result = change(what, value);
	if (result == 0) store();
	return result;
}
