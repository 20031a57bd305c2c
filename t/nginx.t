#!/usr/bin/perl
# nginx in front: one client's oversized bodies cost the others nothing, and a cache never repeats a ticket.
use strict;
use warnings;
use Test::More;
use Tickr::Client;

use Tickr::Process qw(missing_program scratch spew wait_for);
use Tickr::Server;

my $missing = missing_program('nginx');
plan skip_all => $missing if $missing;

my %env = (TICKR_DATABASE_ADAPTER => 'memory');
my @servers = map {
    Tickr::Server->new(program => 'tickrd-memory', env => { %env, TICKR_STARTING_OFFSET => $_ * 1_000_000_000 })
} 1, 2;
my $folder    = scratch();
my $upstreams = join ' ', map {"server 127.0.0.1:$_->{port};"} @servers;

# Three servers of one nginx, each on a Unix socket of its own:
#	close	a connection a request, as by default
#	kept	connections are kept
#	cache	nginx stores all that it may, and clients that ask meanwhile wait for it
my $nginx = Tickr::Process->new(
    name    => 'nginx',
    command => [ 'nginx', '-p', $folder, '-e', "$folder/nginx.log", '-c', spew('nginx.conf', <<"END") ],
daemon off; master_process off; pid $folder/nginx.pid; error_log $folder/nginx.log info;
events { worker_connections 512; }
http {
  access_log off; client_max_body_size 10m;
  client_body_temp_path $folder/body; proxy_temp_path $folder/proxy;
  fastcgi_temp_path $folder/f; uwsgi_temp_path $folder/u; scgi_temp_path $folder/s;
  proxy_cache_path $folder/stored keys_zone=cache:1m;
  upstream close { $upstreams }
  upstream kept { $upstreams keepalive 16; }
  server { listen unix:$folder/close.socket; location / { proxy_pass http://close; } }
  server {
    listen unix:$folder/kept.socket;
    location / { proxy_pass http://kept; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
  server {
    listen unix:$folder/cache.socket;
    location / {
      proxy_pass http://kept; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_cache cache; proxy_cache_valid any 1m; proxy_cache_methods GET HEAD POST; proxy_cache_lock on;
      proxy_cache_use_stale error timeout updating http_500 http_503; proxy_cache_key \$request_uri;
      add_header X-Cache \$upstream_cache_status always;
    }
  }
}
END
);

sub client { return Tickr::Client->new(unix => "$folder/$_[0].socket", timeout => 10) }
wait_for('nginx', 10, sub { eval { client('cache')->get('/livez') } });

for my $way (qw(close kept)) {
    my $crowd = Tickr::Process->new(
        name => "crowd-$way",
        code => sub {
            my %statuses;
            my $until = time + 3;
            $statuses{ client($way)->get('/tickets/create')->{status} }++ while time < $until;
            print join(' ', map {"$_=$statuses{$_}"} sort keys %statuses), "\n";
        });
    my %offended;
    for my $size (10_000, 1_000_000, 5_000_000) {
        for (1 .. 4) {
            my $answer = eval { client($way)->request('POST', '/tickets/create', body => 'x' x $size) };
            $offended{ $answer ? $answer->{status} : 'none' }++;
        }
    }
    is_deeply \%offended, { 413 => 12 }, "$way: a client that sends too much gets 413";
    is $crowd->wait_exit(20), 0, '... others are answered meanwhile';
    like $crowd->log, qr/^200=\d+\n\z/, '... with tickets, and nothing else' or diag $crowd->log;
}

{
    my (%tickets, %cache);
    for my $method (qw(GET POST GET)) {
        for my $path ('/tickets/create', '/tickets/create/3', '/tickets/create/3?format=group') {
            for (1 .. 5) {
                my $answer = client('cache')->request($method, $path);
                $tickets{ $answer->{body} }++;
                $cache{ $answer->{headers}{'x-cache'} }++;
            }
        }
    }
    is scalar keys %tickets, 45, 'no answer comes twice through a cache' or diag explain \%tickets;
    is_deeply \%cache, { MISS => 45 }, '... which has stored none';
    for my $path (qw(/status /livez /readyz /metrics /nowhere /tickets/create/x)) {
        is client('cache')->get($path)->{headers}{'x-cache'}, 'MISS', "$path is not stored" for 1, 2;
    }
}

is $_->stop, 0, 'the server stops cleanly' for @servers;
$nginx->signal('TERM');
$nginx->wait_exit(10);
done_testing;
