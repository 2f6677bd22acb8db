-- The same events after the upgrade by revision 55bc584 (version 2).
PRAGMA application_id = 1162896758;
PRAGMA user_version = 2;
BEGIN TRANSACTION;
CREATE TABLE events (
	organization_id TEXT NOT NULL, 
	event_id TEXT NOT NULL, 
	environment_id TEXT NOT NULL, 
	api_id BIGINT NOT NULL, 
	api_name TEXT, 
	api_version TEXT, 
	api_version_id BIGINT, 
	host_id TEXT, 
	client_id TEXT, 
	application_name TEXT, 
	transaction_id TEXT, 
	received_ms BIGINT NOT NULL, 
	response_time_ms BIGINT, 
	client_ip TEXT, 
	verb TEXT NOT NULL, 
	path TEXT NOT NULL, 
	status_code INTEGER NOT NULL, 
	user_agent TEXT, 
	request_bytes BIGINT NOT NULL, 
	response_bytes BIGINT NOT NULL, 
	request_disposition TEXT NOT NULL, 
	policy_id TEXT, 
	policy_name TEXT, 
	policy_outcome TEXT, 
	deployment_type TEXT, 
	PRIMARY KEY (organization_id, event_id)
);
INSERT INTO "events" VALUES('473c271a-c029-4cca-b8dd-82ceaf5f6689','e0','cd280d5f-50fa-4441-bc45-1af4d2b119e6',1,NULL,NULL,NULL,NULL,'4fa39a600c31bc1ee98492112aa75fe8','phone',NULL,1793534400000,40,NULL,'GET','/x',403,NULL,10,20,'POLICY_VIOLATION','1','client-id-enforcement','VIOLATION',NULL);
INSERT INTO "events" VALUES('473c271a-c029-4cca-b8dd-82ceaf5f6689','e1','cd280d5f-50fa-4441-bc45-1af4d2b119e6',1,NULL,NULL,NULL,NULL,'4fa39a600c31bc1ee98492112aa75fe8','phone',NULL,1793534401000,40,NULL,'GET','/x',200,NULL,10,20,'PROCESSED',NULL,NULL,NULL,NULL);
INSERT INTO "events" VALUES('473c271a-c029-4cca-b8dd-82ceaf5f6689','e2','cd280d5f-50fa-4441-bc45-1af4d2b119e6',1,NULL,NULL,NULL,NULL,'4fa39a600c31bc1ee98492112aa75fe8','phone',NULL,1793534402000,40,NULL,'GET','/x',200,NULL,10,20,'PROCESSED',NULL,NULL,NULL,NULL);
CREATE INDEX events_by_time ON events (environment_id, received_ms);
CREATE INDEX events_by_api ON events (api_id, received_ms);
COMMIT;
