# main.rb <program> <token>…: says of each token whether the program takes it.
load ARGV.shift

ARGV.each do |token|
  puts "yes #{verify(token).fetch('sub')}"
rescue JWT::DecodeError => e
  puts "no #{e.class} #{e.message.tr("\n", ' ')}"
end
