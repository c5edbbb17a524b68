using System.CommandLine;
using Amalgam.ControlPlane.Ports;
using Amalgam.Hosting;

namespace Amalgam.Cli;

/// <summary>`store prepare`: the tables in PostgreSQL, made by their owner, for a role that may only append.</summary>
internal static class StoreVerbs
{
    public static Command Store()
    {
        var address = new Option<string>("--store") { Description = StoreChoice.Help, Required = true };
        var grant = Verbs.Text("--grant", "role that the control plane logs in with: it may read and append, and change nothing in the journal");
        return Verbs.Group("store", "the database behind the journal", Verbs.Local("prepare", "make the tables in PostgreSQL, as their owner; a second time changes nothing", (parsed, _) =>
        {
            var store = StoreChoice.Postgres(parsed.GetValue(address)!);
            try
            {
                store.Prepare(parsed.GetValue(grant));
            }
            catch (JournalException wrong)
            {
                throw new CommandException(wrong.Message);
            }

            Console.WriteLine(parsed.GetValue(grant) is { } role
                ? $"{store.Name} is prepared; {role} may read and append, and change nothing in the journal"
                : $"{store.Name} is prepared");
            return Task.FromResult(0);
        }, address, grant));
    }
}
