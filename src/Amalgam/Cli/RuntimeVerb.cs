using System.CommandLine;
using System.Net;
using Amalgam.Hosting;
using Amalgam.Runtime.Serving;

namespace Amalgam.Cli;

/// <summary>`runtime`: one replica of the CPU runtime. Started by the local engine; by hand for tests and benchmarks.</summary>
internal static class RuntimeVerb
{
    public static Command Runtime()
    {
        var model = new Option<string>("--model") { Description = "GGUF file", Required = true };
        var name = Verbs.Text("--name", "name in requests");
        var address = new Option<string>("--address") { Description = "to listen on", DefaultValueFactory = _ => "127.0.0.1" };
        var port = new Option<int>("--port") { Description = "0 = any free one, told on standard output" };
        var context = new Option<int>("--context") { Description = "tokens per sequence" };
        var slots = new Option<int>("--slots") { Description = "sequences at once", DefaultValueFactory = _ => 4 };
        var threads = new Option<int>("--threads") { Description = "0 = one per core of this process" };
        return Verbs.Local("runtime", "one replica of the CPU runtime (the engine starts these)", (parsed, cancel) =>
            IPAddress.TryParse(parsed.GetValue(address), out var at)
                ? RuntimeHost.RunAsync(new RuntimeOptions
                {
                    ModelPath = parsed.GetValue(model)!, Name = parsed.GetValue(name), Address = at, Port = parsed.GetValue(port), ContextLength = parsed.GetValue(context), Slots = parsed.GetValue(slots),
                    Threads = parsed.GetValue(threads),
                }, cancel)
                : throw new CommandException($"--address wants an IP address, not '{parsed.GetValue(address)}'", 2), model, name, address, port, context, slots, threads);
    }
}
