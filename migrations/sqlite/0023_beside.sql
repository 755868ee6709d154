-- Detections of a sensor around a moment that belong to other cases are found in the index alone.
DROP INDEX detections_sensor;
CREATE INDEX detections_sensor ON detections (sensor_id, event_ms DESC, case_number);
