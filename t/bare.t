#!/usr/bin/perl
# A tickrd without any of the parts that configure may leave out: it builds, serves Snowflake ids, and names the part
# that a setting needs.
use strict;
use warnings;
use Cwd qw(abs_path);
use Test::More;
use Tickr::Process qw(scratch slurp);

my $source = abs_path($ENV{SRCDIR} // '.');
plan skip_all => 'a source folder in which configure ran takes no second build' if -e "$source/config.status";
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};    # of a make that runs this test

my $folder = scratch() . '/bare';
my @without =
    map { "--without-$_" } qw(sqlite openssl curl zlib zstd grpc jansson redis etcd zookeeper criterion);
mkdir $folder or die "$folder: $!";

# Whether COMMAND succeeds in the folder of the build.
sub succeeds {
    my ($command, $log) = @_;
    return 1 if system("cd '$folder' && $command >'$log' 2>&1") == 0;
    diag slurp("$folder/$log");
    return 0;
}

ok succeeds("'$source/configure' --enable-werror CFLAGS=-O0 @without", 'configure.log'), 'it can be configured';
ok succeeds('make -j2 tickrd',                                         'make.log'),      'it builds without warnings'
    or BAIL_OUT('the bare tickrd does not build');

# Run the bare tickrd with these variables, on settings that are good without them.
sub check {
    my (%env) = @_;
    my @all = map { "'$_=$env{$_}'" } sort keys %env;
    my $output = `cd '$folder' && env -i PATH="\$PATH" TICKR_STATE_DIR='$folder' @all ./tickrd check-config 2>&1`;
    return ($? >> 8, $output);
}

my %tickets   = (TICKR_MAX_NODES => 1, TICKR_NODE_NUMBER => 0, TICKR_STARTING_OFFSET => 0);
my %snowflake = (TICKR_DATABASE_ADAPTER => 'snowflake', TICKR_SNOWFLAKE_WORKER => 1);
is_deeply [ check(%tickets) ],   [ 0, "the settings are good\n" ], 'it serves from MySQL';
is_deeply [ check(%snowflake) ], [ 0, "the settings are good\n" ], 'it serves Snowflake ids';

for my $case (
    [ 'zlib', %tickets, TICKR_AUDIT_DIR => $folder ],
    [ 'gRPC', %tickets, TICKR_GRPC_LISTEN => '127.0.0.1:0' ],
    [ 'jansson', %tickets, TICKR_SEQUENCERS_FILE => '/nothing' ],
    [ 'libcurl', %tickets, TICKR_CLICKHOUSE_URL  => 'http://127.0.0.1:1/events' ],
    [ 'its store', %tickets, TICKR_DATABASE_ADAPTER => 'sqlite', TICKR_DATABASE_NAME => "$folder/tickets.db" ],
    [ 'etcd',      %snowflake, TICKR_SNOWFLAKE_WORKER => 'auto', TICKR_COORDINATOR => 'etcd' ],
    [ 'zookeeper', %snowflake, TICKR_SNOWFLAKE_WORKER => 'auto', TICKR_COORDINATOR => 'zookeeper' ],
) {
    my ($part,   %env)    = @$case;
    my ($status, $output) = check(%env);
    is $status, 78, "a setting that needs $part is refused";
    like $output, qr/\Q$part\E/, '... by name';
    like $output, qr/built without/, '... because of the build';
}

done_testing;
