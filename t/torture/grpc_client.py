# A client of gRPC for the torture: it asks for tickets and ids as fast as it can, and records them (record.h).
#
#	grpc_client.py DESCRIPTORS ADDRESS FOLDER SERVER SEED STORES
#
# DESCRIPTORS: of the messages, as for t/grpc/client.py. SERVER: the place of the server among the clients' ports. STORES: as
# for client.c. The records are in FOLDER/client-SERVER-grpc. It ends at SIGTERM.
import os
import random
import signal
import struct
import sys
import time

import grpc
from google.protobuf import message_factory

sys.dont_write_bytecode = True  # the folder of the source stays as it is
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../grpc'))
from descriptors import load

RECORD = struct.Struct('<QQIIIIHBB4x')
TICKETS, STATUS, CLOSED, UNREACHABLE, HUNG = 0, 1, 2, 3, 4
FIRST, WRONG, STRONG = 1, 4, 8
STORE_KEYS = 10000
AT_FIRST, NEW_EACH_SECOND = 20, 8
DEADLINE_S = 15
WEAK_ORDER, STRONG_ORDER = 2, 1
NOT_CONNECTED = 'connect to all', 'connections to all'
DISCONNECTED = 'Socket closed', 'Connection reset', 'Broken pipe', 'recvmsg', 'GOAWAY'


def now_us():
    return time.monotonic_ns() // 1000


class Method:
    def __init__(self, pool, factory, channel, path):
        service, name = path.split('/')
        found = pool.FindServiceByName(service).FindMethodByName(name)
        self.ask = factory.GetPrototype(found.input_type)
        answer = factory.GetPrototype(found.output_type)
        self.call = channel.unary_unary('/' + path, self.ask.SerializeToString, answer.FromString)


class Client:
    def __init__(self, descriptors, address, folder, server, seed, stores):
        pool = load(descriptors)
        factory = message_factory.MessageFactory(pool)
        channel = grpc.insecure_channel(address, [('grpc.initial_reconnect_backoff_ms', 100),
                                                  ('grpc.min_reconnect_backoff_ms', 2000),  # for one attempt
                                                  ('grpc.max_reconnect_backoff_ms', 300)])
        methods = {'next': 'spec.proto.runtime.v1.Runtime/GetNextId', 'ids': 'tickr.v1.Sequences/Create',
                   'tickets': 'tickr.v1.Tickets/Create'}
        self.methods = {name: Method(pool, factory, channel, path) for name, path in methods.items()}
        self.server = server
        self.random = random.Random(seed * 64 + server)
        self.stores = [(0, 'tickr')] + [(number + 1, name.split('@')[0])  # ~NAME: Snowflake ids
                                        for number, name in enumerate(stores.split(','))
                                        if '@' not in name or name.split('@')[1] == str(server)]
        self.file = open(os.path.join(folder, 'client-%d-grpc' % server), 'wb')
        self.began = time.monotonic()
        self.flags = FIRST
        self.is_over = False

    def record(self, asked, kind, key, first=0, count=0, increment=1, status=0, flags=0):
        took = now_us() - asked
        self.file.write(RECORD.pack(first, asked, took, count, increment, key, status, self.server,
                                    kind | (flags | self.flags) << 4))
        self.flags = 0

    # The library itself says UNAVAILABLE if it cannot connect, or if the connection ends.
    def record_failure(self, asked, key, count, error):
        code, words = error.code(), error.details()
        if code == grpc.StatusCode.DEADLINE_EXCEEDED:
            self.record(asked, HUNG, key)
        elif code != grpc.StatusCode.UNAVAILABLE:
            print(code, words, flush=True)
            self.record(asked, STATUS, key, increment=count, status=500)
        elif any(part in words for part in NOT_CONNECTED):
            self.record(asked, UNREACHABLE, key)
        elif any(part in words for part in DISCONNECTED):
            self.record(asked, CLOSED, key)
        else:
            self.record(asked, STATUS, key, increment=count, status=503)
        time.sleep(0.005)

    # Some key, its number in the records, its store, and whether its ids must be strong. Every third key has weak requests
    # only. All keys of a store of Snowflake ids are one sequence.
    def some_key(self):
        known = AT_FIRST + int(NEW_EACH_SECOND * (time.monotonic() - self.began))
        number = self.random.randint(1, 4 if self.random.random() < 0.4 else min(known, STORE_KEYS - 1001))
        store, name = self.random.choice(self.stores)
        if name[0] == '~':
            return number, store * STORE_KEYS + 1, name[1:], False
        return number, store * STORE_KEYS + number, name, number % 3 != 2 and self.random.random() < 0.7

    def ask_next(self):
        number, key, name, is_strong = self.some_key()
        method = self.methods['next']
        request = method.ask(store_name=name, key='key-%d' % number)
        if is_strong:
            request.options.increment = 1
        flags = STRONG if is_strong else 0
        asked = now_us()
        try:
            answer = method.call(request, timeout=DEADLINE_S)
        except grpc.RpcError as error:
            self.record_failure(asked, key, 1, error)
            return
        self.record(asked, TICKETS, key, first=answer.next_id, count=1, status=200, flags=flags)

    def ask_range(self, method, request, key, flags):
        request.count = self.random.randint(1, 200)
        request.format = request.DESCRIPTOR.fields_by_name['format'].enum_type.values_by_name['FORMAT_GROUP'].number
        asked = now_us()
        try:
            ids = method.call(request, timeout=DEADLINE_S).range
        except grpc.RpcError as error:
            self.record_failure(asked, key, request.count, error)
            return
        if ids.count != request.count:
            flags |= WRONG
        self.record(asked, TICKETS, key, first=ids.first, count=ids.count, increment=ids.increment, status=200,
                    flags=flags)

    def ask_ids(self):
        number, key, name, is_strong = self.some_key()
        method = self.methods['ids']
        request = method.ask(name='key-%d' % number, store=name, order=STRONG_ORDER if is_strong else WEAK_ORDER)
        self.ask_range(method, request, key, STRONG if is_strong else 0)

    def run(self):
        while not self.is_over:
            dice = self.random.random()
            if dice < 0.2:
                method = self.methods['tickets']
                self.ask_range(method, method.ask(), 0, 0)
            elif dice < 0.7:
                self.ask_next()
            else:
                self.ask_ids()
        self.file.close()

    def end(self, *_):
        self.is_over = True


def main():
    descriptors, address, folder, server, seed, stores = sys.argv[1:]
    client = Client(descriptors, address, folder, int(server), int(seed), stores)
    signal.signal(signal.SIGTERM, client.end)
    client.run()


main()
